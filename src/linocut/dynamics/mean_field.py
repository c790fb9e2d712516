"""mean_field: what layers of random weights come to, x <- tanh(x W) with W ~ N(J0 / N, J^2 / N), N to infinity.

Zhang, Feng, Chen and Lai, arXiv 2107.09437. With r = J0 / J the mean u and the mean square q of the activations obey

    u = int Dz tanh(h),  q = int Dz tanh(h)^2,  h = J (r u + sqrt(q) z),

and a small difference between two inputs grows by chi = J^2 int Dz sech(h)^4 a layer, in squares: above 1 is chaos.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.dynamics.gaussian import nodes
from linocut.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STEPS = 100_000  # at J = 1 the iteration converges as 1 / steps only
CLOSE = 1e-13
MOST_J, MOST_R = 100.0, 5.0  # what the quadrature resolves


@dataclass(frozen=True)
class FixedPoint:
    """The mean `u` and mean square `q` of tanh activations, and `chi`, by which squared differences grow a layer."""

    u: float
    q: float
    chi: float

    @property
    def chaotic(self) -> bool:
        """Whether nearby inputs go apart."""
        return self.chi > 1.0


def fixed_point(J: float, J0: float = 0.0) -> FixedPoint:
    """That of tanh layers of N(J0 / N, J^2 / N) weights, reached from u = q = 1 (`MOST_STEPS` iterations at most).

    For J0 below 0 it is the one of -J0: signs alternate from layer to layer, sizes are the same. SpecError for a J that
    is not above 0 and up to 100, or a J0 beyond 5 J.
    """
    ratio = checked(J, J0)
    u, q = 1.0, 1.0
    for _ in range(MOST_STEPS):
        before = u, q
        u, q, _ = _layer(J, ratio, u, q)
        if max(abs(u - before[0]), abs(q - before[1])) < CLOSE:
            break
    mean = math.copysign(u, J0) if u > CLOSE else 0.0
    return FixedPoint(mean, q, _layer(J, ratio, u, q)[2])


def checked(J: float, J0: float) -> float:
    """|J0 / J|; SpecError for what the quadrature does not resolve."""
    for name, value in (("J", J), ("J0", J0)):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not math.isfinite(value):
            raise SpecError(f"{name} is {value!r}, must be a finite number")
    if not 0.0 < J <= MOST_J:
        raise SpecError(f"J is {J:g}, must be above 0, up to {MOST_J:g}; it is std(W) sqrt(N)")
    if abs(J0) > MOST_R * J:
        raise SpecError(f"J0 is {J0:g} and J {J:g}, their ratio must be within {MOST_R:g}")
    return abs(float(J0) / float(J))


def _layer(J: float, ratio: float, u: float, q: float) -> tuple[float, float, float]:
    """One layer on: u, q, and chi at the activations that it is given."""
    z, weights = nodes()
    h = J * (ratio * u + math.sqrt(q) * z)
    value = np.tanh(h)
    square = value * value
    slope = _sech_squared(h)
    return float(weights @ value), float(weights @ square), J * J * float(weights @ (slope * slope))


def _sech_squared(h: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / cosh(h)^2, from exp(-2|h|), which does not overflow; 1 - tanh^2 would lose all digits of large h."""
    fast = np.exp(-2.0 * np.abs(h))
    found: NDArray[np.float64] = 4.0 * fast / (1.0 + fast) ** 2
    return found
