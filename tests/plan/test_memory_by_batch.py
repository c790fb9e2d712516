"""Memory against the size of the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.plan.batches import batch_report
from linocut.plan.paper import paper_account
from linocut.policies import POLICIES
from linocut.report.batches_plot import plot

NETWORK = lc.models.mlp((8, 8, 1), 10, (64,))


def test_every_policy_at_every_batch() -> None:
    report = batch_report(NETWORK, lc.SGD(), (30, 4))
    assert [(row.batch, row.policy) for row in report.rows] == [(n, name) for n in (30, 4) for name in POLICIES]
    for row in report.rows:
        program = compile_network(NETWORK, POLICIES[row.policy], lc.SGD(), row.batch).program
        assert (row.arena_bytes, row.lower_bound_bytes) == (program.arena_bytes, program.lower_bound_bytes)
        assert row.paper_bytes == paper_account(NETWORK, POLICIES[row.policy], lc.SGD(), row.batch).total_bytes
    paper, arena = str(report).split("\n\n")
    assert paper.splitlines()[0] == "mlp, sgd: memory as the paper counts it"
    assert [line.split()[0] for line in arena.splitlines()[1:]] == ["batch", arena.splitlines()[2], "30", "4"]
    first, lean = (next(r for r in report.rows if r.batch == 4 and r.policy == p) for p in ("standard", "lean"))
    assert f"{first.arena_bytes / lean.arena_bytes:.2f}x" in arena.splitlines()[-1]


def test_a_picture(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot(batch_report(NETWORK, lc.SGD(), (4, 30)), tmp_path / "batches.svg")
    drawn = (tmp_path / "batches.svg").read_text()
    assert ">lean: the arena<" in drawn and ">lean: as the paper counts<" in drawn


def test_ticks_are_at_the_sizes_that_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure
    drawn: list[Any] = []
    monkeypatch.setattr(figure, "savefig", lambda self, *args, **given: drawn.append(self))
    plot(batch_report(NETWORK, lc.SGD(), (2000, 4, 30)), tmp_path / "batches.png")
    (axes,) = drawn[0].axes
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    assert [(tick, label.get_text()) for tick, label in ticks] == [(4, "4"), (30, "30"), (2000, "2,000")]
    assert not len(axes.xaxis.get_minorticklocs())
    assert all(f"{tick:e}"[0] in "125" for tick in axes.get_yticks())
