"""distances: how far two nearby inputs are apart after many layers of the same random weights.

arXiv 2107.09437: x0 ~ N(0, 1), a copy with N(0, (1e-4)^2) added, x <- f(x W) with W ~ N(J0 / N, J^2 / N); the distance
is the L2 norm of the difference, a mean over the last fifth of the steps. It is 0 where order reigns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.dynamics.edges import ACTIVATIONS, RELU, TANH
from linocut.errors import SpecError, unknown_name
from linocut.fields import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float32]

NUDGE = 1e-4  # standard deviation of what is added to the copy
GONE, LOOK = 1e-15, 4  # activations below are set to 0, every so many steps: subnormal floats are slow
LAST = 5  # the distance is over the last one of so many parts of the steps
MOST_CELLS = 1_000_000
LEAST_N, MOST_N, MOST_STEPS = 2, 20_000, 100_000


def separation(
    J: float, J0: float = 0.0, n: int = 400, steps: int = 100, activation: str = TANH, seed: int = 0
) -> float:
    """The asymptotic distance of two inputs to `n` units, `steps` times through the same layer.

    inf where activations run beyond float32, as those of ReLU do in chaos. SpecError for settings out of range.
    """
    spread, mean = (_number(name, value) for name, value in (("J", J), ("J0", J0)))
    if not spread > 0.0:
        raise SpecError(f"J is {J!r}, must be above 0; it is std(W) sqrt(N)")
    return float(separations([1.0 / spread], mean / spread, n, steps, activation, seed)[0])


def separations(
    betas: NDArray[np.float64] | list[float],
    ratio: float,
    n: int = 400,
    steps: int = 100,
    activation: str = TANH,
    seed: int = 0,
) -> NDArray[np.float64]:
    """The distances (len(betas),) at J = 1 / beta and J0 = ratio J, all from one draw of weights and inputs.

    SpecError for settings out of range.
    """
    check(n, steps, activation, seed)
    inverse = grid_of("1 / J", betas)
    check_grid(inverse, np.array([ratio]))
    return _distances((1.0 / inverse).astype(np.float32), float(ratio), n, steps, activation, seed)


def check(n: int, steps: int, activation: str, seed: int) -> None:
    """SpecError for sizes and seeds that cannot be."""
    if not isinstance(n, (int, np.integer)) or not LEAST_N <= n <= MOST_N:
        raise SpecError(f"n is {n!r}, must be {LEAST_N} to {MOST_N:,} units; 400 show the picture of 10,000")
    if not isinstance(steps, (int, np.integer)) or not LAST <= steps <= MOST_STEPS:
        raise SpecError(f"steps is {steps!r}, must be {LAST} to {MOST_STEPS:,}")
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise SpecError(f"seed is {seed!r}, must be a whole number, 0 or more")


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not np.isfinite(value):
        raise SpecError(f"{name} is {value!r}, must be a finite number")
    return float(value)


def grid_of(name: str, values: NDArray[np.floating[Any]] | Sequence[float]) -> NDArray[np.float64]:
    """Values of an axis of a grid; SpecError for what are no numbers."""
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise SpecError(f"{name} is {shown(values)}, must be a list of numbers") from None


def check_grid(betas: NDArray[np.float64], ratios: NDArray[np.float64]) -> None:
    """SpecError for a grid of no cells or of too many, and for what no weights have."""
    if betas.ndim != 1 or ratios.ndim != 1 or not 0 < len(betas) * len(ratios) <= MOST_CELLS:
        raise SpecError(
            f"the grid is {betas.size:,} values of 1 / J by {ratios.size:,} of J0 / J, must be two lists and "
            f"1 to {MOST_CELLS:,} cells"
        )
    if not (np.isfinite(betas) & (betas > 0.0)).all():
        raise SpecError(f"1 / J is {float(betas[~(np.isfinite(betas) & (betas > 0.0))][0]):g}, must be above 0")
    if not np.isfinite(ratios).all():
        raise SpecError("J0 / J must be finite")


def _distances(J: Values, ratio: float, n: int, steps: int, activation: str, seed: int) -> NDArray[np.float64]:
    """Rows are the inputs of all J, then their copies: a step is one product."""
    random = np.random.default_rng(seed)
    weights = random.standard_normal((n, n), np.float32) * np.float32(n**-0.5) + np.float32(ratio / n)
    first = random.standard_normal(n, np.float32)
    copy = first + np.float32(NUDGE) * random.standard_normal(n, np.float32)
    x = np.concatenate([np.tile(first, (len(J), 1)), np.tile(copy, (len(J), 1))])
    scale = np.concatenate([J, J])[:, None]
    activate = _relu if activation == RELU else _tanh
    total, counted = np.zeros(len(J)), steps // LAST
    h = np.empty_like(x)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            np.matmul(x, weights, out=h)
            h *= scale
            activate(h, x)
            if step % LOOK == 0:
                x[np.abs(x).max(axis=1) < GONE] = 0.0
            if step >= steps - counted:
                total += np.linalg.norm(x[: len(J)] - x[len(J) :], axis=1)
    return np.where(np.isfinite(total), total / counted, np.inf)


def _tanh(h: Values, out: Values) -> None:
    np.tanh(h, out=out)


def _relu(h: Values, out: Values) -> None:
    np.maximum(h, np.float32(0), out=out)
