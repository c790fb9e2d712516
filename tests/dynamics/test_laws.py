"""The laws of growth, on curves whose slope is known."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.dynamics import constant, constant_with_decay, epochs_to_edge, fit_slope, rescaled
from linocut.errors import SpecError


def test_a_slope_is_of_the_epochs_between_the_first_and_the_edge() -> None:
    curve = [0.25, *(0.28 + 0.0345 * t for t in range(1, 30))]  # the first point lies off the line, J^2 = 1 at 20.9
    slope = fit_slope(curve)
    assert (slope.A, slope.C, slope.first, slope.last) == pytest.approx((0.0345, 0.28, 1, 20))
    assert constant(slope.A, 0.1, 0.0, 32) == pytest.approx(11.04)
    assert epochs_to_edge(slope, curve[1]) == pytest.approx((1.0 - 0.3145) / 0.0345)


def test_equal_rescaled_time_is_equal_growth() -> None:
    assert rescaled(0.01, 0.9, 32) == pytest.approx(rescaled(0.1, 0.0, 32)) == pytest.approx(0.1 / 32)


def test_k_with_decay_is_what_growth_and_decay_together_say() -> None:
    """A curve that relaxes to k / (4 lambda S), a step of 1 / 200 epoch after the other."""
    eta, alpha, batch, decay, examples, k = 0.02, 0.9, 32, 5e-5, 60_000, 20.0
    rate, J, curve = rescaled(eta, alpha, batch), 0.3, []
    for step in range(200 * 60 + 1):
        if step % 200 == 0:
            curve.append(J)
        J += rate * (k - 4 * decay * examples * J) / 200
    assert constant_with_decay(curve, eta, alpha, batch, decay, examples) == pytest.approx(k, rel=1e-2)
    assert constant_with_decay([0.25, 0.3, 0.35], eta, alpha, batch, 0.0, examples) == pytest.approx(0.05 / rate)
    with pytest.raises(SpecError, match="J\\^2 is of 1 epochs, its growth is seen from two on"):
        constant_with_decay([0.25, 0.3], eta, alpha, batch, decay, examples)


def test_a_curve_that_does_not_grow_never_comes_to_the_edge() -> None:
    assert epochs_to_edge(fit_slope([0.3, 0.3, 0.3]), 0.3) == np.inf


@pytest.mark.parametrize("curve", [[], [0.2], [0.2, 0.3], [0.2, 0.9, 1.1, 1.3], [0.2, 1.2, 1.3]])
def test_too_few_epochs_below_the_edge_are_refused(curve: list[float]) -> None:
    with pytest.raises(SpecError, match="a line needs two; take a smaller learning rate, or more epochs"):
        fit_slope(curve)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0.0, 0.0, 32), "learning_rate is 0.0"),
        ((0.1, 1.0, 32), "momentum is 1.0"),
        ((0.1, 0.0, 0), "batch is 0"),
    ],
)
def test_settings_in_which_nothing_moves_are_refused(given: tuple[float, float, int], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        constant(0.03, *given)
