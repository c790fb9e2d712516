"""Learning curves: loss, accuracy and error rate by epoch, of one or several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linocut.errors import one_line
from linocut.report import figures
from linocut.train.logged import Logged
from linocut.train.scalars import PARTS_OF_ONE, QUANTITIES, TEST, TRAINING, VALIDATION, Measure

STYLES = {TRAINING: "-", VALIDATION: "--", TEST: ":"}
COLOURS = {TRAINING: "C0", VALIDATION: "C1", TEST: "C2"}  # of a single run; of several each has a colour
FEW = 30  # epochs up to which each is a dot
LONGEST = 40  # characters of a run's name


def plot(runs: Sequence[Logged], path: Path) -> None:
    """Draw them into a file, whose suffix decides on its form; errors as plan_plot.plot's.

    Lines are drawn through for training, dashed for validation, dotted for the test data. Runs without accuracies or
    error rates have losses only.
    """
    quantities = [one for one in QUANTITIES if any(m.quantity == one for run in runs for m in run.measures)]
    size = (1 + 5.5 * len(quantities), 4.5)
    figure = figures.module("matplotlib.figure").Figure(figsize=size, layout="constrained")
    several = len(runs) > 1
    for axes, quantity in zip(figure.subplots(1, len(quantities), squeeze=False)[0], quantities, strict=True):
        for number, run in enumerate(runs):
            for measure in (one for one in run.measures if one.quantity == quantity):
                _draw(axes, run, measure, f"C{number % 10}" if several else COLOURS[measure.of], several)
        _label(axes, quantity)
    if not several:
        figure.suptitle(one_line(runs[0].run, 2 * LONGEST), parse_math=False)
    figures.save(figure, path)


def _draw(axes: Any, run: Logged, measure: Measure, colour: str, several: bool) -> None:
    points = [(epoch["epoch"], epoch[measure.key]) for epoch in run.epochs if epoch.get(measure.key) is not None]
    label = f"{one_line(run.run, LONGEST)}: {measure.of}" if several else measure.of
    dots = "." if len(points) <= FEW else ""
    axes.plot(*zip(*points, strict=True), STYLES[measure.of], color=colour, marker=dots, label=label)


def _label(axes: Any, quantity: str) -> None:
    ticker = figures.module("matplotlib.ticker")
    axes.set(xlabel="epoch", ylabel=quantity)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if quantity in PARTS_OF_ONE:
        axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
    axes.grid(True, linewidth=0.3)
    for text in axes.legend(frameon=False, fontsize=8).get_texts():
        text.set_parse_math(False)
