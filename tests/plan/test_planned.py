"""`lc.plan`: what `linocut plan` says, in Python and in Python's words."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import linocut as lc
from linocut.plan.planned import plan

NETWORK = lc.models.mlp((8, 8, 1), 10, (64, 64))
COMMAND = ("plan", "--hidden", "64,64", "--input", "8x8x1", "--json")


def arena(batch: int, micro: int | None = None) -> int:
    return lc.Trainer(NETWORK, batch_size=batch, micro_batch=micro).plan.total_bytes


def test_it_is_a_function_whatever_was_imported_of_its_package() -> None:
    """`import linocut.plan.account` binds the name to the package, in whichever order."""
    for order in ("import linocut.plan.account; import linocut as lc", "import linocut as lc; lc.plan"):
        code = f"{order}; print(lc.plan(lc.models.mlp(hidden=(8,))).to_json()['batch']); import linocut.plan.energy"
        code += "; print(lc.plan(lc.models.mlp(hidden=(8,)), batch_size=2).batch)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["100", "2"]
    assert "plan" in lc.__all__


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({}, ()),
        ({"policy": "wang2021", "optimizer": "sgd"}, ("--policy", "wang2021", "--optimizer", "sgd")),
        ({"batch_size": 30}, ("--batch", 30)),
        ({"account": "paper"}, ("--account", "paper")),
        ({"account": "paper", "budget": "3MiB"}, ("--account", "paper", "--budget", "3MiB")),
        ({"budget": "1MiB"}, ("--budget", "1MiB")),
        ({"budget": "70KiB", "batch_size": 120}, ("--budget", "70KiB", "--batch", 120)),
        ({"micro_batch": 20}, ("--micro-batch", 20)),
    ],
)
def test_as_on_the_command_line(linocut, settings, flags) -> None:
    found = lc.plan(NETWORK, **settings)
    status, out, _ = linocut(*COMMAND, *flags)
    printed = json.loads(out)
    assert status == 0
    assert found.to_json() == {name: printed[name] for name in found.to_json()}
    assert found.micro_batch == printed.get("micro_batch", found.batch)
    assert "total" in str(found)


def test_the_papers_figures() -> None:
    network = lc.models.resnete18()
    found = {p: lc.plan(network, p, batch_size=4096, account="paper") for p in ("standard", "wang2021")}
    assert [f"{account.total_bytes / 2**30:.2f}" for account in found.values()] == ["57.85", "18.54"]
    later = lc.plan(network, "standard", batch_size=4096, account="paper", later_edition=True)
    assert later.total_bytes - found["standard"].total_bytes == later.bytes_of("pooling mask") == 12.25 * 2**30


def test_objects_for_names() -> None:
    assert lc.plan(NETWORK, lc.standard, lc.SGD(0.1)) == plan(NETWORK, "standard", "sgd")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"account": "papers"}, "account is 'papers', must be arena or paper"),
        ({"account": "paper", "micro_batch": 50}, "micro_batch is 50, but the paper's account knows none"),
        ({"later_edition": True}, 'later_edition is True, but it is of account="paper"'),
        ({"account": "paper", "budget": "1MiB", "batch_size": 2**16}, "takes .* as the paper counts; take batch_size="),
        ({"account": "paper", "budget": 10}, r"budget is 10 B \(10 B\), but a batch of 2 takes"),
        ({"account": "paper", "batch_size": 0}, "batch size is 0, must be a whole number from 1"),
        ({"batch_size": 0, "budget": "1MiB"}, "batch size is 0, must be a whole number from 1"),
        ({"policy": "leen"}, "did you mean lean"),
        ({"optimizer": "adan"}, "did you mean adam"),
        ({"micro_batch": 30}, "micro-batch is 30, must divide the batch of 100; take 25 or 50"),
    ],
)
def test_what_cannot_be_planned(settings, message) -> None:
    with pytest.raises(lc.SpecError, match=message):
        lc.plan(NETWORK, **settings)


@pytest.mark.parametrize("ask", [lc.plan, lc.Trainer])
@pytest.mark.parametrize("network", [None, "mlp", 3, NETWORK.graph])
def test_what_is_no_network(ask, network) -> None:
    with pytest.raises(
        lc.SpecError, match=r"network is .{,50}, must be a linocut\.Network; take one of linocut\.networks"
    ):
        ask(network)


ODD_BUDGETS = (
    0,
    -5,
    1.5,
    True,
    "",
    "x",
    "-1MiB",
    "0",
    "1e3",
    2**63,
    10**400,
    float("nan"),
    [1],
    {},
    b"1MiB",
    "1" * 5000,
)


@pytest.mark.parametrize("ask", [lc.plan, lc.Trainer])
@pytest.mark.parametrize("budget", ODD_BUDGETS, ids=range(len(ODD_BUDGETS)))
def test_budgets_that_are_no_sizes(ask, budget) -> None:
    with pytest.raises(lc.SpecError, match=r"budget is .{,60}(: |, must be )") as caught:
        ask(NETWORK, budget=budget)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("ask", [lc.plan, lc.Trainer])
@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True, "3", 2**20 + 1, 10**30, [1]])
def test_batches_that_cannot_be(ask, batch_size) -> None:
    with pytest.raises(lc.SpecError, match=r"batch size is .*, must be a whole number from 1 to 1,048,576"):
        ask(NETWORK, batch_size=batch_size)


@pytest.mark.parametrize("ask", [lc.plan, lc.Trainer])
def test_a_budget_that_is_too_small_says_what_would_do(ask) -> None:
    with pytest.raises(lc.SpecError) as caught:
        ask(NETWORK, budget="2KiB")
    least = re.search(r"but a batch of 2 takes [^(]*\(([\d,]+) B\) with lean and adam", str(caught.value))
    assert least is not None
    enough = int(least[1].replace(",", ""))
    assert f"give at least {enough:,} B" in str(caught.value)
    assert lc.plan(NETWORK, budget=enough).total_bytes == enough
    with pytest.raises(lc.SpecError, match=f"give at least {enough:,} B"):
        ask(NETWORK, budget=enough - 1)


def test_a_trainer_of_a_backend_that_does_not_exist() -> None:
    with pytest.raises(lc.SpecError, match="backend is 'gpu', must be 'native' or 'reference'"):
        lc.Trainer(NETWORK, backend="gpu")
