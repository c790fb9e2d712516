"""A picture of the confusion matrix: each row's shares as shades of blue, with counts where they have room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from linocut.errors import one_line
from linocut.report import figures
from linocut.report.confusion import confusion_of
from linocut.run.assessment import Assessment

INCH = 0.45  # of a class's row and column
LEAST, MOST = 4.0, 24.0  # inches of the matrix
MOST_COUNTS = 30  # classes whose counts can be read in their fields
LONGEST = 24  # characters of a class's name
DARK = 0.5  # from this share on, counts are white


def plot(assessment: Assessment, path: Path, title: str) -> None:
    """Draw it into a file, whose suffix decides on its form; errors as plan_plot.plot's, SpecError without a matrix."""
    counts = confusion_of(assessment)
    names = [one_line(score.name, LONGEST) for score in assessment.per_class]
    side = min(MOST, max(LEAST, INCH * len(names)))
    figure = figures.module("matplotlib.figure").Figure(figsize=(side + 2.5, side + 1.5), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _name(axes, names, side)
    if len(names) <= MOST_COUNTS:
        _write(axes, counts, shares)
    figure.colorbar(picture, ax=axes, fraction=0.046, label="part of the examples of the true class")
    axes.set_title(one_line(title, 100), parse_math=False)
    figures.save(figure, path)


def _name(axes: Any, names: list[str], side: float) -> None:
    size = min(10.0, max(3.0, 60 * side / len(names)))  # 72 points an inch, some of them between names
    ticks = range(len(names))
    for axis, turned in ((axes.xaxis, 90 if max(map(len, names)) > 2 else 0), (axes.yaxis, 0)):
        axis.set_ticks(ticks, names, fontsize=size, rotation=turned)
        for label in axis.get_ticklabels():
            label.set_parse_math(False)
    axes.set(xlabel="predicted class", ylabel="true class")


def _write(axes: Any, counts: Any, shares: Any) -> None:
    for true, predicted in np.argwhere(counts > 0).tolist():
        colour = "white" if shares[true, predicted] > DARK else "black"
        text = f"{counts[true, predicted]:,}"
        axes.text(predicted, true, text, ha="center", va="center", color=colour, fontsize=8 if len(text) < 5 else 6)
