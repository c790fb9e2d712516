"""A picture of a paper's figures beside linocut's: bars, a panel for each table and unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linocut.report import figures
from linocut.reproduce.row import Row

HEIGHT, MARGIN = 0.32, 1.2  # inches: of a row, of what is beside the rows of a panel
BAR = 0.4
WIDE = 20.0  # times apart, what is shown on a logarithmic axis: on it bars of nearly equal figures have no common foot


def plot(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the rows into a file, what is far apart on a logarithmic axis, percentages and all else on one from 0.

    Errors are those of plan_plot.plot.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=(10, height(rows)), layout="constrained")
    figure.suptitle(title, parse_math=False)
    bars(figure, rows)
    figures.save(figure, path)


def height(rows: Sequence[Row]) -> float:
    """Inches that the bars of so many rows take."""
    return sum(_heights(_panels(rows)))


def bars(figure: Any, rows: Sequence[Row]) -> None:
    """The bars of rows in a figure, or a part of one."""
    panels = _panels(rows)
    all_axes = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": _heights(panels)})[:, 0]
    for axes, ((name, unit), panel) in zip(all_axes, panels.items(), strict=True):
        _draw(axes, name, unit, panel)


def _panels(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by table and unit."""
    panels: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        panels.setdefault((row.table, row.unit), []).append(row)
    return panels


def _heights(panels: Mapping[tuple[str, str], Sequence[Row]]) -> list[float]:
    return [MARGIN + HEIGHT * len(panel) for panel in panels.values()]


def _draw(axes: Any, name: str, unit: str, rows: Sequence[Row]) -> None:
    for side, kind, colour in ((-BAR / 2, "published", "0.6"), (BAR / 2, "ours", "C0")):
        known = [(place + side, getattr(row, kind)) for place, row in enumerate(rows) if getattr(row, kind) is not None]
        if known:
            axes.barh([place for place, _ in known], [value for _, value in known], BAR, color=colour, label=kind)
    axes.set_yticks(range(len(rows)), [row.row for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set_title(name, fontsize=9, loc="left")
    axes.set_xlabel(unit)
    if unit != "%" and _wide(rows):
        axes.set_xscale("log")
    axes.grid(True, axis="x", linewidth=0.3)
    if axes.containers:
        axes.legend(fontsize=7)


def _wide(rows: Sequence[Row]) -> bool:
    """Whether the figures are above 0 and far apart."""
    known = [value for row in rows for value in (row.published, row.ours) if value is not None]
    return bool(known) and min(known) > 0.0 and max(known) > WIDE * min(known)
