"""A picture of hybrids trained on equal terms: accuracy by epoch, by compression, by energy; below it all figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from linocut.report import figures, reproduced_plot
from linocut.reproduce.hybrid_order import ACCURACY, COMPRESSION, ENERGY
from linocut.reproduce.row import Row

CURVES, LEGEND = 4.5, 0.25  # inches: of the panels with curves, of a line below them


def plot(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the rows into a file. A thin line and a small dot is a seed, what is thick the mean of several.

    Errors are those of plan_plot.plot.
    """
    trained = [row for row in rows if row.curve is not None and row.series is not None]
    names = list(dict.fromkeys(str(row.series) for row in trained))
    others = [row for row in rows if row.table != ACCURACY]
    heights = [CURVES + LEGEND * len(names), reproduced_plot.height(others)]
    figure = figures.module("matplotlib.figure").Figure(figsize=(11, sum(heights)), layout="constrained")
    figure.suptitle(title, parse_math=False)
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    reproduced_plot.bars(below, others)
    by_epoch, by_compression, by_energy = above.subplots(1, 3, sharey=True)
    for number, name in enumerate(names):
        _by_epoch(by_epoch, [row for row in trained if row.series == name], f"C{number}", name)
        last = [row.curve[-1] for row in _seeds(trained, name) if row.curve]
        for axes, table in ((by_compression, COMPRESSION), (by_energy, ENERGY)):
            (place,) = (row.ours for row in rows if row.table == table and row.series == name)
            axes.plot([place] * len(last), last, ".", color=f"C{number}", markersize=4)
            axes.plot([place], [fmean(last)], "o", color=f"C{number}")
    _label(by_epoch, by_compression, by_energy)
    above.legend(*by_epoch.get_legend_handles_labels(), loc="outside lower left", frameon=False, fontsize=8)
    figures.save(figure, path)


def _seeds(trained: Sequence[Row], name: str) -> list[Row]:
    """The trainings of one name; means of several have no seconds."""
    return [row for row in trained if row.series == name and row.seconds is not None]


def _by_epoch(axes: Any, rows: Sequence[Row], colour: str, name: str) -> None:
    """The mean of seeds is the last of rows; of one seed alone it is that."""
    *seeds, mean = [row.curve for row in rows if row.curve]
    for curve in seeds:
        axes.plot(range(1, len(curve) + 1), curve, color=colour, linewidth=0.6)
    axes.plot(range(1, len(mean) + 1), mean, color=colour, linewidth=1.8, marker=".", label=name)


def _label(by_epoch: Any, by_compression: Any, by_energy: Any) -> None:
    ticker = figures.module("matplotlib.ticker")
    by_epoch.set(xlabel="epoch", ylabel="test accuracy, %")
    by_epoch.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    by_compression.set(xlabel="compression of weights, times", xscale="log")
    by_energy.set(xlabel="energy of a prediction, uJ", xscale="log")
    for axes in (by_epoch, by_compression, by_energy):
        axes.grid(True, linewidth=0.3)
