"""edges: where order ends and chaos begins, for tanh and ReLU layers of random weights.

Of tanh it is J^2 int Dz sech^4 = 1 at the fixed point (arXiv 2107.09437). ReLU is homogeneous, so that only
m = r u / sqrt(q) has a fixed point, m = r g1(m) / sqrt(g2(m)), with g1 = phi + m Phi and g2 = (1 + m^2) Phi + m phi the
first two moments of max(0, m + z); differences grow by J^2 Phi(m), and the edge is J = Phi(m)^(-1/2). At r = 0 that is
sqrt(2), He's initialisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from linocut.dynamics.gaussian import density, distribution
from linocut.dynamics.mean_field import MOST_J, MOST_R, fixed_point
from linocut.errors import SpecError, unknown_name

TANH, RELU = "tanh", "relu"
ACTIVATIONS = TANH, RELU
FARTHER = 1.1  # from one try of J to the next
FINEST = 1e-9  # of J, relative


def edge(r: float, activation: str = TANH) -> float:
    """The J at the edge of chaos for r = J0 / J; of tanh it is 1 for |r| < 1, and the same for r and -r.

    SpecError for an activation that is not known, an r that is not within 5, and where the edge of tanh lies above
    J = 100, which is so from an r between 2 and 3 on.
    """
    if isinstance(r, bool) or not isinstance(r, (int, float, np.floating)) or not abs(r) <= MOST_R:
        raise SpecError(f"r is {r!r}, must be a number from -{MOST_R:g} to {MOST_R:g}; it is J0 / J")
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    return _of_tanh(abs(float(r))) if activation == TANH else _of_relu(float(r))


def _of_tanh(r: float) -> float:
    if r <= 1.0:
        return 1.0
    low, high = 1.0, FARTHER
    while not fixed_point(high, r * high).chaotic:
        low, high = high, high * FARTHER
        if high > MOST_J:
            raise SpecError(f"r is {r:g}, whose edge lies above J = {MOST_J:g}; take an r nearer to 0")
    return _root(lambda J: fixed_point(J, r * J).chi - 1.0, low, high)


def _of_relu(r: float) -> float:
    m = _root(lambda m: m - r * _first(m) / math.sqrt(_second(m)), -2.0 * MOST_R, 2.0 * MOST_R)
    return distribution(m) ** -0.5


def _first(m: float) -> float:
    """The mean of max(0, m + z)."""
    return _phi(m) + m * distribution(m)


def _second(m: float) -> float:
    """The mean of its square."""
    return (1.0 + m * m) * distribution(m) + m * _phi(m)


def _phi(m: float) -> float:
    return float(density(np.float64(m)))


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where f, below 0 at `low` and above at `high`, passes 0: by bisection."""
    while high - low > FINEST * max(1.0, abs(low)):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if f(middle) < 0.0 else (low, middle)
    return 0.5 * (low + high)
