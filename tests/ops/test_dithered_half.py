"""16-bit floats that are rounded up or down at random: neighbours only, right on average, and so small steps count."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.ops import OP_BY_NAME, View
from linocut.ops.bits import Array
from linocut.ops.dithered_half import DROPPED, dithered

DRAWS = np.arange(1 << DROPPED, dtype=np.int64)


def averaged(value: float) -> float:
    """Of what all draws make of a value."""
    return float(dithered(np.full(DRAWS.size, value, np.float32), DRAWS).astype(np.float64).mean())


@pytest.mark.parametrize("value", [1.0004, -0.3333, 2.0007, 6.2e-5, 6.1e-5, -3.3e-6, 5e-8, 1e-9, 65503.9, 0.0])
def test_it_is_right_on_average_and_one_of_two_neighbours(value: float) -> None:
    exact = float(np.float32(value))
    found = np.unique(dithered(np.full(DRAWS.size, value, np.float32), DRAWS))
    below = np.float16(abs(exact))
    below = below if float(below) <= abs(exact) else np.nextafter(below, np.float16(0))
    above = np.nextafter(below, np.float16(np.inf))
    assert set(np.abs(found).tolist()) <= {float(below), float(above)}
    assert averaged(value) == pytest.approx(exact, abs=2.0 ** -(DROPPED - 1) * float(above - below))


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -1.0, 2.0**-24, 2.0**-14, 65504.0, np.inf, -np.inf])
def test_what_has_a_place_stays(value: float) -> None:
    found = dithered(np.full(DRAWS.size, value, np.float32), DRAWS)
    assert (found == np.float16(value)).all() and (np.signbit(found) == np.signbit(value)).all()


def test_what_is_too_large_is_rounded_to_nearest() -> None:
    found = dithered(np.array([65519.0, 65520.0, -7e4, np.nan], np.float32), np.full(4, DRAWS[-1]))
    assert found[:3].tolist() == [65504.0, np.inf, -np.inf] and np.isnan(found[3])


def steps(count: int, w: Array, v: float, gradient: float, rate: float) -> tuple[View, View]:
    """Weights and second moments, in f16, after so many steps of Adam along one gradient."""
    shape = w.shape
    views = [View(np.full(shape, x, np.float16), "f16", shape[1]) for x in (0.0, v)]
    weights, gradients = View(w.astype(np.float16), "f16", shape[1]), np.full(shape, gradient, np.float32)
    for step in range(1, count + 1):
        control = View(np.array([rate, step, 0.0, 0.0]), "f64", 4)
        OP_BY_NAME["adam"].reference(
            w=weights, m=views[0], v=views[1], dw=View(gradients, "f32", shape[1]), control=control,
            random=View(np.array([step * 0x9E3779B97F4A7C1]), "i64", 1), counters=View(np.zeros(4, np.int64), "i64", 4),
            beta1=0.0, beta2=0.999, epsilon=1e-8, gradient_scale=1.0, clip=0.0, salt=1.0,
        )  # fmt: skip
    return weights, views[1]


def test_the_second_moment_arrives() -> None:
    """To nearest it sticks at about three quarters of g^2, from where it gains less than half a unit."""
    _, v = steps(6000, np.zeros((1, 64)), 0.76 / 256, 1 / 16, 0.0)
    assert v.data.astype(np.float64).mean() * 256 == pytest.approx(1.0, abs=0.02)


def test_shifts_beyond_two_move_by_less_than_half_a_unit() -> None:
    w, _ = steps(200, np.full((1, 64), 2.5), 1 / 256, 1 / 16, 5e-4)
    assert w.data.astype(np.float64).mean() == pytest.approx(2.5 - 200 * 5e-4, rel=0.01)
