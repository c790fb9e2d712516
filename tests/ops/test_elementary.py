"""Exp, log and exponents made of plain additions and multiplications, against math."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linocut.ops.elementary import binary_exponent, exp, log, rounded, sigmoid, tanh


@given(st.floats(-700, 0))
def test_exp(x: float) -> None:
    assert float(exp(np.array([x]))[0]) == pytest.approx(math.exp(x), rel=1e-15, abs=0)


def test_exp_at_its_ends() -> None:
    with np.errstate(over="ignore"):  # of the series, whose value is not used so far out
        values = exp(np.array([0.0, -0.0, -700.0, np.nextafter(-700.0, -800.0), -1e6, -1e30, -7e38]))
    assert values[:2].tolist() == [1.0, 1.0]
    assert values[2] == pytest.approx(math.exp(-700), rel=1e-15)
    assert values[3:].tolist() == [0.0] * 4


def test_exp_is_monotone_where_ranges_meet() -> None:
    """Around the multiples of ln 2 / 2, where the integer part changes."""
    edges = -np.arange(1, 200) * math.log(2) / 2
    values = exp(np.concatenate([np.nextafter(edges, 0), edges, np.nextafter(edges, -1000)]))
    inner, at, outer = values.reshape(3, -1)
    assert (inner >= at * (1 - 4e-16)).all() and (at >= outer * (1 - 4e-16)).all()


@given(st.floats(1, 1e300))
def test_log(x: float) -> None:
    assert float(log(np.array([x]))[0]) == pytest.approx(math.log(x), rel=4e-15, abs=4e-16)


def test_log_of_one_is_zero() -> None:
    assert log(np.array([1.0]))[0] == 0.0


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        *((0.5, 1), (-0.5, 0), (1.4999, 1), (-1.5, -1), (2.5, 3), (-2.51, -3), (9.2, 9), (1e300, 9)),
        *((math.inf, 9), (-7.7, -7), (-1e300, -7), (-math.inf, -7), (math.nan, -7)),
    ],
)
def test_rounded_half_up_and_within_bounds(x: float, expected: int) -> None:
    found = rounded(np.array([x]), -7.0, 9.0)
    assert found.dtype == np.int64 and found.tolist() == [expected]


@pytest.mark.parametrize(
    ("x", "k"), [(1.0, 1), (0.5, 0), (0.999, 0), (2.0, 2), (3.0, 2), (2.0**-30, -29), (5e-324, -1073)]
)
def test_binary_exponent_is_the_least_power_of_two_above(x: float, k: int) -> None:
    assert binary_exponent(x) == k
    assert x < 2.0**k <= 2 * x


@pytest.mark.parametrize("x", [0.0, -1.0, math.inf, math.nan])
def test_binary_exponent_of_what_has_none(x: float) -> None:
    assert binary_exponent(x) == 0


@given(st.floats(-700, 700))
def test_sigmoid(x: float) -> None:
    power = math.exp(-abs(x))
    expected = (1.0 if x >= 0 else power) / (1.0 + power)
    assert float(sigmoid(np.array([x]))[0]) == pytest.approx(expected, rel=2e-15, abs=0)


@given(st.floats(-30, 30))
def test_tanh(x: float) -> None:
    assert float(tanh(np.array([x]))[0]) == pytest.approx(math.tanh(x), rel=2.0**-38, abs=0)


@given(st.floats(-26, -6), st.sampled_from([-1.0, 1.0]))
def test_tanh_of_small_numbers_keeps_its_relative_accuracy(power: float, sign: float) -> None:
    x = sign * 2.0**power
    assert float(tanh(np.array([x]))[0]) == pytest.approx(math.tanh(x), rel=2.0**-38, abs=0)


def test_sigmoid_and_tanh_at_their_ends() -> None:
    ends = np.array([0.0, -0.0, 1e4, -1e4, math.inf, -math.inf, math.nan])
    assert sigmoid(ends)[:6].tolist() == [0.5, 0.5, 1.0, 0.0, 1.0, 0.0]
    found = tanh(ends)
    assert found[:6].tolist() == [0.0, -0.0, 1.0, -1.0, 1.0, -1.0] and np.signbit(found[1])
    assert np.isnan(sigmoid(ends)[6]) and np.isnan(found[6])
