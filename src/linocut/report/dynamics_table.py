"""Where the layers of a run stand after its latest epoch, as a table for people."""

from __future__ import annotations

from linocut.dynamics.history import History
from linocut.tables import percent, table


def dynamics_table(history: History) -> list[str]:
    """Lines: of each layer J, J0, J^2 at first and now, turnover, gain of gradients, shares passed and clipped."""
    begun = history.epochs[0]
    earlier = f"J^2 after {begun}" if begun else "J^2 before"  # of a resumed run that was not measured from the start
    cells = [("layer", "J", "J0", earlier, "J^2", "turnover", "gain", "passed", "clipped")]
    for name, measured in history.layers.items():
        first, last = measured[0], measured[-1]
        turnover = "-" if last.turnover is None else f"{last.turnover:.2e}"
        gain = "-" if last.chi is None else f"{last.chi:.3f}"
        weights = f"{last.j:.4f}", f"{last.j0:.3f}", f"{first.j**2:.4f}", f"{last.j**2:.4f}"
        cells.append((name, *weights, turnover, gain, percent(last.passed), percent(last.clipped)))
    return [f"after epoch {history.epochs[-1]}", *table(cells, left=1, rules=(1,))]
