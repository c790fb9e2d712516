"""Fixed points and edges beside numbers that were computed independently (24,001 points on [-12, 12], SciPy)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from linocut.dynamics import edge, fixed_point
from linocut.errors import SpecError

TANH_EDGES = {
    1.1: (1.50878, 0.25802, 0.41984),
    1.25: (2.13377, 0.50900, 0.68121),
    1.5: (3.63598, 0.75609, 0.88572),
    1.75: (6.28037, 0.87956, 0.96162),
    2.0: (11.17539, 0.94081, 0.98793),
}
RELU_EDGES = {-2.0: 2.08464, -1.0: 1.74691, -0.5: 1.57815, 0.0: 1.41421, 0.5: 1.26369, 0.9: 1.16256}
BEYOND = {1.1: (0.093182, 1.010189), 1.5: (0.352602, 1.139323), 2.0: (0.530368, 1.362673), 3.0: (0.700599, 1.859855)}


@pytest.mark.parametrize("r", TANH_EDGES)
def test_the_edge_of_tanh(r: float) -> None:
    J, u, q = TANH_EDGES[r]
    found = edge(r)
    point = fixed_point(found, r * found)
    assert (found, point.u, point.q, point.chi) == pytest.approx((J, u, q, 1.0), abs=1e-5)


def test_the_edge_of_tanh_is_1_for_small_means_and_the_same_for_both_signs() -> None:
    assert edge(0.0) == edge(0.99) == edge(-0.5) == 1.0
    assert edge(-1.25) == edge(1.25)
    assert fixed_point(1.5, -2.0).u == -fixed_point(1.5, 2.0).u


@pytest.mark.parametrize("r", RELU_EDGES)
def test_the_edge_of_relu(r: float) -> None:
    assert edge(r, "relu") == pytest.approx(RELU_EDGES[r], abs=1e-5)


@pytest.mark.parametrize("J", BEYOND)
def test_fixed_points_beyond_the_edge(J: float) -> None:
    point = fixed_point(J)
    assert (point.q, point.chi) == pytest.approx(BEYOND[J], abs=2e-6)
    assert point.u == 0.0 and point.chaotic


def test_relu_s_fixed_point_is_that_of_the_layer_itself() -> None:
    """Another way to m: iterate a wide layer's mean and mean square, drawn by quadrature over its pre-activations."""
    r, z = -1.0, np.linspace(-12.0, 12.0, 24_001)
    weights = np.exp(-z * z / 2.0)
    weights /= weights.sum()
    u, q = 1.0, 1.0
    for _ in range(300):
        h = np.maximum(0.0, r * u + np.sqrt(q) * z)
        u, q = float(weights @ h), float(weights @ (h * h))
        u, q = u / np.sqrt(q), 1.0
    J = float(weights @ (r * u + z > 0)) ** -0.5
    assert edge(r, "relu") == pytest.approx(J, rel=1e-3)  # a step function, by points that lie 1e-3 apart


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: edge(6.0), "r is 6.0, must be a number from -5 to 5"),
        (lambda: edge(3.0), "r is 3, whose edge lies above J = 100"),
        (lambda: edge(0.0, "sign"), "sign"),
        (lambda: fixed_point(0.0), "J is 0, must be above 0, up to 100"),
        (lambda: fixed_point(float("nan")), "J is nan, must be a finite number"),
        (lambda: fixed_point(1.0, 9.0), "their ratio must be within 5"),
    ],
)
def test_what_cannot_be_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        call()
