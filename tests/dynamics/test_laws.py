"""The laws of growth, on curves whose slope is known."""

from __future__ import annotations

import numpy as np
import pytest

from linocut.dynamics import constant, epochs_to_edge, fit_slope, rescaled
from linocut.errors import SpecError


def test_a_slope_is_of_the_epochs_between_the_first_and_the_edge() -> None:
    curve = [0.25, *(0.28 + 0.0345 * t for t in range(1, 30))]  # the first point lies off the line, J^2 = 1 at 20.9
    slope = fit_slope(curve)
    assert (slope.A, slope.C, slope.first, slope.last) == pytest.approx((0.0345, 0.28, 1, 20))
    assert constant(slope.A, 0.1, 0.0, 32) == pytest.approx(11.04)
    assert epochs_to_edge(slope, curve[1]) == pytest.approx((1.0 - 0.3145) / 0.0345)


def test_equal_rescaled_time_is_equal_growth() -> None:
    assert rescaled(0.01, 0.9, 32) == pytest.approx(rescaled(0.1, 0.0, 32)) == pytest.approx(0.1 / 32)


def test_a_curve_that_does_not_grow_never_comes_to_the_edge() -> None:
    assert epochs_to_edge(fit_slope([0.3, 0.3, 0.3]), 0.3) == np.inf


@pytest.mark.parametrize("curve", [[], [0.2], [0.2, 0.3], [0.2, 0.9, 1.1, 1.3], [0.2, 1.2, 1.3]])
def test_too_few_epochs_below_the_edge_are_refused(curve: list[float]) -> None:
    with pytest.raises(SpecError, match="a line needs two; take a smaller learning rate, or more epochs"):
        fit_slope(curve)
