"""An account as an object for programs and as a table for people."""

from __future__ import annotations

import json
import math

from linocut import models
from linocut.compile.lower import compile_network
from linocut.optimizers import Adam
from linocut.plan.arena import arena_account
from linocut.policies import lean

MLP = models.mlp()


def test_json_is_the_object_of_the_command_line() -> None:
    account = arena_account(compile_network(MLP, lean, Adam(), 100))
    data = json.loads(json.dumps(account.to_json()))
    assert list(data) == [
        "model",
        "policy",
        "optimizer",
        "batch",
        "account",
        "total_bytes",
        "lower_bound_bytes",
        "rows",
        "workspace_bytes",
    ]
    assert [data[k] for k in ("model", "policy", "optimizer", "batch", "account")] == [
        "mlp",
        "lean",
        "adam",
        100,
        "arena",
    ]
    assert all(list(row) == ["role", "format", "lifetime", "bytes"] for row in data["rows"])
    assert {row["lifetime"] for row in data["rows"]} == {"persistent", "transient"}
    assert {"role": "W", "format": "q15", "lifetime": "persistent", "bytes": 399_872 * 2} in data["rows"]


def test_what_persists_comes_first_and_the_largest_of_that() -> None:
    *rows, last = arena_account(compile_network(MLP, lean, Adam(), 100)).rows
    assert (last.role, last.format) == ("alignment", "-")
    lifetimes = [row.lifetime for row in rows]
    assert lifetimes == sorted(lifetimes) and len(set(lifetimes)) == 2  # "persistent", then "transient"
    for lifetime in set(lifetimes):
        sizes = [row.bytes for row in rows if row.lifetime == lifetime]
        assert sizes == sorted(sizes, reverse=True)


def test_tables_are_aligned_and_end_in_the_total() -> None:
    account = arena_account(compile_network(MLP, lean, Adam(), 100))
    lines = str(account).splitlines()
    assert lines[0] == "mlp, lean, adam, batch 100: the arena"
    assert lines[1].split() == ["role", "format", "lifetime", "memory", "share"]
    body = [line for line in lines[1:-2] if not line.startswith("-")]
    assert lines[-1] == "beside it a workspace of 96.00 KiB for each thread"
    assert lines[-2].startswith("lower bound 1.36 MiB, live at instruction 2 (real_matmul in train)")
    assert body[-1].split() == ["total", "1.36", "MiB"]
    ends = {len(line[: line.rindex("iB") + 2]) for line in body if "iB" in line}
    assert len(ends) == 1
    shares = [float(line.split()[-1].rstrip("%")) for line in body[1:-1]]
    assert math.isclose(sum(shares), 100, abs_tol=1)
