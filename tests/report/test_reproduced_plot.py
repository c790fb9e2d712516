"""Pictures of published figures beside ours: bars that can be compared by eye."""

from __future__ import annotations

import pytest

from linocut.report import figures, reproduced_plot
from linocut.reproduce.row import Row

pytest.importorskip("matplotlib")


def row(table: str, published: float | None, ours: float | None, unit: str = "") -> Row:
    return Row(table, "a row", published, ours, unit, "measured", "")


def test_figures_that_are_near_each_other_have_bars_from_0() -> None:
    figure = figures.module("matplotlib.figure").Figure()
    near, far, shares = row("near", 12.24, 11.88), row("far", 1.0, 100.0), row("shares", None, 83.6, "%")
    reproduced_plot.bars(figure, [near, far, shares, row("nothing", None, None)])
    axes = figure.axes
    assert [one.get_xscale() for one in axes] == ["linear", "log", "linear", "linear"]
    assert axes[0].get_xlim()[0] == 0 and axes[2].get_xlim()[0] == 0
    assert [len(one.containers) for one in axes] == [2, 2, 1, 0]
    assert [text.get_text() for text in axes[2].get_legend().get_texts()] == ["ours"]
