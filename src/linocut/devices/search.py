"""Search: the cells of NASBench-101 that no other beats on a device, and the best of them within a budget of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from linocut.devices.pareto import pareto
from linocut.devices.sweep import Sweep
from linocut.errors import SpecError, unknown_name
from linocut.fields import number
from linocut.networks.nasbench import Cell, macs, parameters
from linocut.networks.nasbench.accuracies import Accuracies
from linocut.networks.nasbench.cell import cell_of
from linocut.ops.bits import Array

ACCURACY = "accuracy"
STAND_INS = {"macs": macs, "parameters": parameters}  # for who has no accuracies: they say how large a network is


@dataclass(frozen=True)
class Found:
    """The Pareto set of time and quality: places of cells in the sweep, the fastest first, and the one chosen.

    `quality` (cells,) is what was to be large, of all cells that were looked at, at the places `looked_at` (cells,);
    `by` says what it is.
    """

    by: str
    looked_at: Array
    quality: Array
    front: Array
    chosen: int
    cell: Cell

    def quality_of(self, place: int) -> float:
        """That of the cell at a place of the sweep that was looked at."""
        return float(self.quality[np.searchsorted(self.looked_at, place)])


def search(sweep: Sweep, device: str, max_ms: float, by: str, accuracies: Accuracies | None = None) -> Found:
    """The Pareto set on one device of a sweep over all cells, and its best cell within `max_ms` milliseconds.

    `by` is "accuracy", which takes accuracies of the user's, or "macs" or "parameters", which are no accuracies but
    only say how large a network is. SpecError where no cell is fast enough, and for another `by`.
    """
    if by not in (ACCURACY, *STAND_INS):
        raise unknown_name("quality of a search", by, (ACCURACY, *STAND_INS))
    if not number(max_ms, "max_ms") > 0:
        raise SpecError(f"max_ms is {max_ms}, must be a number of milliseconds above 0")
    if by == ACCURACY:
        if accuracies is None:
            raise SpecError("a search by accuracy needs the accuracies of cells; give them, or search by macs")
        looked_at, quality = accuracies.cells, accuracies.accuracy
    else:
        looked_at, quality = np.arange(len(sweep.cells)), STAND_INS[by](sweep.cells)
    ms = sweep.ms[looked_at, sweep.on(device)]
    front = pareto(ms, quality)
    within = front[ms[front] <= max_ms]
    if not len(within):
        raise SpecError(
            f"no cell takes {max_ms:g} ms or less on {device}, the fastest takes {_above(ms.min())}; allow as much"
        )
    chosen = int(looked_at[within[-1]])
    return Found(by, looked_at, quality, looked_at[front], chosen, cell_of(sweep.cells[chosen]))


def _above(ms: float) -> str:
    """A number of four digits that is as much or a little more."""
    digit = 10.0 ** (math.floor(math.log10(ms)) - 3)
    return f"{math.ceil(ms / digit) * digit:.4g}"
