"""The epochs of a run as a table for people."""

from __future__ import annotations

from linocut.tables import table
from linocut.train.logged import Logged
from linocut.train.scalars import PARTS_OF_ONE, Measure


def epochs_table(logged: Logged) -> list[str]:
    """Lines: of each epoch its losses, accuracies and error rates, over each part of the data, and its seconds."""
    measures = logged.measures
    quantities = ["" if one.quantity == before else one.quantity for before, one in _with_quantity_before(measures)]
    cells = [("", *quantities, ""), ("epoch", *(measure.of for measure in measures), "seconds")]
    for epoch in logged.epochs:
        seconds = epoch.get("seconds")
        numbers = (_shown(measure, epoch.get(measure.key)) for measure in measures)
        cells.append((f"{epoch['epoch']}", *numbers, "-" if seconds is None else f"{seconds:,.1f}"))
    return table(cells, left=0, rules=(2,))


def _with_quantity_before(measures: tuple[Measure, ...]) -> zip[tuple[str, Measure]]:
    return zip(["", *(measure.quantity for measure in measures)], measures, strict=False)


def _shown(measure: Measure, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if measure.quantity in PARTS_OF_ONE else f"{value:.4f}"
