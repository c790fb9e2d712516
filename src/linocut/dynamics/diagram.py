"""diagram: the asymptotic distance over a grid of J0 / J and 1 / J, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.dynamics.columns import in_processes
from linocut.dynamics.distances import MOST_CELLS, check, check_grid, grid_of
from linocut.dynamics.edges import RELU, TANH, edge
from linocut.run.session import find_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE_POINTS = 200


@dataclass(frozen=True)
class PhaseDiagram:
    """`distance` (rows, columns) at `beta` = 1 / J (rows,) and `ratio` = J0 / J (columns,), of nets of `n` units.

    It is that after `steps` layers, and inf where activations ran beyond float32. Each ratio has weights of its own,
    from the seed.
    """

    beta: NDArray[np.float64]
    ratio: NDArray[np.float64]
    distance: NDArray[np.float64]
    activation: str
    n: int
    steps: int
    seed: int

    def edge(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The edge as mean-field theory has it: ratios and 1 / J, (points,) each, over the range of the grid."""
        ratios = np.linspace(float(self.ratio.min()), float(self.ratio.max()), EDGE_POINTS)
        return ratios, np.array([1.0 / edge(float(r), self.activation) for r in ratios])


def phase_diagram(
    activation: str = TANH,
    n: int = 400,
    steps: int = 100,
    beta: Sequence[float] | None = None,
    ratio: Sequence[float] | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PhaseDiagram:
    """The distance of each cell of the grid, by default the paper's: 1 / J from .02 to 2, J0 / J from -1 to 2 by .02
    (of ReLU from -5 to 1 by .05).

    Networks of different J0 / J run in parallel, in as many processes as `threads`, by default the processors at hand,
    on which the numbers do not depend. `progress` is called with how many ratios are done, of how many.
    SpecError for settings out of range, MachineError where a process ends early.
    """
    check(n, steps, activation, seed)
    betas = grid_of("1 / J", np.arange(1, 101) * 0.02 if beta is None else beta)
    usual = np.arange(-100, 21) * 0.05 if activation == RELU else np.arange(-50, 101) * 0.02
    ratios = grid_of("J0 / J", usual if ratio is None else ratio)
    check_grid(betas, ratios)
    distances = np.empty((len(ratios), len(betas)))
    same = {"betas": betas.tolist(), "n": n, "steps": steps, "activation": activation}
    columns = [{**same, "ratio": float(r), "seed": int(seed) * MOST_CELLS + at} for at, r in enumerate(ratios)]
    workers = find_threads(threads)
    for done, (number, found) in enumerate(in_processes(columns, workers), start=1):
        distances[number] = found
        if progress is not None:
            progress(done, len(ratios))
    return PhaseDiagram(betas, ratios, distances.T.copy(), activation, n, steps, seed)
