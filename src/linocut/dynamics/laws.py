"""laws: how J^2 of a training network grows in the ordered phase (arXiv 2107.09437): J^2 = A t + C, t in epochs.

Learning rate eta, momentum alpha and batch B set the slope together, A = k eta / ((1 - alpha) B); k belongs to a
network and its data. So training in other settings follows one line over rescaled time, t eta / ((1 - alpha) B).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import SpecError
from linocut.fields import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST = 1  # epoch of a fit: the first epoch lies above the line
EDGE = 1.0  # J^2 of tanh there, for |J0| < J


@dataclass(frozen=True)
class Slope:
    """J^2 = `A` t + `C` by least squares over epochs from `first` to `last`."""

    A: float
    C: float
    first: int
    last: int


def fit_slope(j_squared: Sequence[float], below: float = EDGE) -> Slope:
    """The line through J^2 by epoch, j_squared[t], from epoch 1 to the last one below the edge.

    SpecError where that is fewer than two epochs.
    """
    values = _known(j_squared)
    beyond = np.flatnonzero(values[FIRST:] >= below)
    last = len(values) - 1 if not len(beyond) else FIRST + int(beyond[0]) - 1
    if last <= FIRST:
        raise SpecError(
            f"J^2 is below {below:g} in {max(0, last - FIRST + 1)} epochs from epoch {FIRST} on, a line needs two; "
            "take a smaller learning rate, or more epochs"
        )
    t = np.arange(FIRST, last + 1)
    apart, mean = t - t.mean(), float(values[FIRST : last + 1].mean())
    A = float(apart @ (values[FIRST : last + 1] - mean)) / float(apart @ apart)
    return Slope(A, mean - A * float(t.mean()), FIRST, last)


def _known(j_squared: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(j_squared, np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise SpecError(f"j_squared is {shown(j_squared)}, must be a list of finite numbers, J^2 by epoch")
    return values


def rescaled(learning_rate: float, momentum: float, batch: int) -> float:
    """eta / ((1 - alpha) B): by how much time is worth more in one setting than in another.

    SpecError for settings in which nothing moves, or without a bound.
    """
    if not 0.0 < learning_rate < math.inf:
        raise SpecError(f"learning_rate is {learning_rate!r}, must be a finite number above 0, such as 0.1")
    if not 0.0 <= momentum < 1.0:
        raise SpecError(f"momentum is {momentum!r}, must be 0 or more and below 1, such as 0.9")
    if batch < 1:
        raise SpecError(f"batch is {batch!r}, must be a whole number, 1 or more")
    return learning_rate / ((1.0 - momentum) * batch)


def constant(A: float, learning_rate: float, momentum: float, batch: int) -> float:
    """k of the law, from a slope that was measured."""
    return A / rescaled(learning_rate, momentum, batch)


def constant_with_decay(
    j_squared: Sequence[float], learning_rate: float, momentum: float, batch: int, decay: float, examples: int
) -> float:
    """k of the law with weight decay on, by epoch, j_squared[t], over the second half of the epochs.

    `decay` is the lambda of Keras's l2 (PyTorch's halved), S = `examples` those of an epoch: dJ^2/dt = r (k - 4 lambda
    S J^2), r = `rescaled`. It is not that of a run without decay. Decay holds J^2 at the edge 1 where lambda is
    k / (4 S). SpecError for fewer than two epochs.
    """
    values = _known(j_squared)
    begin = len(values) // 2
    if len(values) < FIRST + 2:
        raise SpecError(f"J^2 is of {max(0, len(values) - 1)} epochs, its growth is seen from two on; train longer")
    grown = (values[-1] - values[begin]) / (len(values) - 1 - begin)
    mean = float(values[begin:].mean())
    return float(grown) / rescaled(learning_rate, momentum, batch) + 4.0 * decay * examples * mean


def epochs_to_edge(slope: Slope, j_squared_first: float) -> float:
    """T = (1 - J^2_1) / A, from epoch 1 to the edge, J^2_1 being what epoch 1 came to; inf where J^2 does not grow."""
    return (EDGE - j_squared_first) / slope.A if slope.A > 0.0 else float("inf")
