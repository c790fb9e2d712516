"""Coding: numbers as bytes, by the range of the training data."""

import dataclasses
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from linocut.data.coding import CHUNK, DEVIATIONS, Coding
from linocut.errors import SpecError


def test_the_range_of_the_training_data_becomes_0_to_255_and_what_is_outside_is_clipped() -> None:
    values = np.array([[0.0, -10.0], [1.0, 10.0], [0.5, 0.0]])
    coding = Coding.of(values)
    assert coding == Coding((0.0, -10.0), (1.0, 10.0))
    assert_array_equal(coding.codes(values), [[0, 0], [255, 255], [128, 128]])
    assert_array_equal(coding.codes(np.array([[-5.0, 1e300], [0.3, -np.inf]])), [[0, 255], [76, 0]])


def test_every_byte_is_that_of_a_formula_in_exact_numbers() -> None:
    from fractions import Fraction

    coding, values = Coding((-3.0,), (7.0,)), np.random.default_rng(0).uniform(-4, 8, (300, 1))
    for value, code in zip(values[:, 0].tolist(), coding.codes(values)[:, 0].tolist(), strict=True):
        exact = 255 * (min(max(Fraction(value), -3), 7) + 3) / 10
        assert abs(code - exact) <= Fraction(1, 2) + Fraction(1, 10**9)


def test_an_outlier_does_not_take_the_bytes_of_all_others() -> None:
    values = np.random.default_rng(0).normal(size=(5000, 1))
    values[17] = 1e6
    coding = Coding.of(values)
    assert coding.high[0] == pytest.approx(values.mean() + DEVIATIONS * values.std())
    assert coding.low[0] == values.min()


def test_a_channel_of_a_sequence_or_an_image_has_one_range() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (CHUNK + 7, 5, 3)) * [1, 10, 100]
    coding = Coding.of(values)
    flat = values.reshape(-1, 3)
    assert_array_equal(coding.low, flat.min(axis=0))
    assert_array_equal(coding.high, flat.max(axis=0))
    assert_array_equal(coding.codes(values), coding.codes(flat).reshape(values.shape))


@pytest.mark.parametrize("value", [0.0, 7.25, -1e300, 1e-320])
def test_a_channel_that_does_not_vary_is_the_middle_whatever_comes_later(value: float) -> None:
    coding = Coding.of(np.full((4, 1), value))
    assert_array_equal(coding.codes(np.array([[value], [value + 1], [np.inf]])), 128)


def test_ranges_of_the_largest_and_the_smallest_floats() -> None:
    most, tiny = np.finfo(np.float64).max, 1e-300
    values = np.array([[-most, 0.0], [most, tiny], [0.0, tiny]])
    assert_array_equal(Coding.of(values).codes(values)[:2], [[0, 0], [255, 255]])


def test_it_goes_through_a_file_and_others_are_refused() -> None:
    coding = Coding.of(np.random.default_rng(0).normal(size=(10, 3)))
    assert Coding.from_dict(json.loads(json.dumps(dataclasses.asdict(coding)))) == coding
    for wrong, message in (
        ({"low": [0.0], "high": []}, "1 low and 0 high ends"),
        ({"low": [1.0], "high": [0.0]}, "range of channel 0 is 1.0 to 0.0, must not fall"),
        ({"low": ["a"], "high": [0.0]}, "coding low is 'a', must be a finite number"),
        ({"low": [0.0]}, "coding lacks high"),
    ):
        with pytest.raises(SpecError, match=message):
            Coding.from_dict(wrong)
