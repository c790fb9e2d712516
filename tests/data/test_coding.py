"""Coding: numbers as bytes, by the range of the training data."""

import dataclasses
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from linocut.data.coding import CHUNK, Coding
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


@pytest.mark.parametrize("count", [20, 100, 101, 1000, 5000])
@pytest.mark.parametrize("outlier", [999_999.0, -1e300])
def test_an_outlier_does_not_take_the_bytes_of_all_others(count: int, outlier: float) -> None:
    values = np.random.default_rng(0).normal(size=(count, 1))
    values[count // 3] = outlier
    coding, rest = Coding.of(values), np.delete(values, count // 3, axis=0)
    first, last = np.percentile(values, [1, 99], method="higher")[0], np.percentile(values, [1, 99], method="lower")[1]
    apart = last - first
    assert coding.low == (max(values.min(), first - apart),) and coding.high == (min(values.max(), last + apart),)
    middle = coding.codes(np.array([[first], [last]]))[:, 0].astype(int)
    assert middle[1] - middle[0] >= 85, "a third of the bytes"
    if count >= 1000:
        assert len(np.unique(coding.codes(rest))) > 100
    assert coding.codes(values)[count // 3] == (255 if outlier > 0 else 0)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.02, 0.5, 0.999])
def test_a_channel_of_two_values_has_both_ends(share: float) -> None:
    values = np.where(np.arange(2000) < share * 2000, 7.0, -3.0)[:, None]
    coding = Coding.of(values)
    assert (coding.low, coding.high) == ((-3.0,), (7.0,))


def test_of_few_examples_it_is_the_whole_range() -> None:
    values = np.array([0.0] * 9 + [1.0] * 9 + [1e6])[:, None]
    assert Coding.of(values) == Coding((0.0,), (1e6,))


def test_of_many_rows_the_range_is_found_in_a_sample_that_is_the_same_however_they_are_parted() -> None:
    values = np.random.default_rng(1).normal(size=(30_000, 100)) * np.linspace(1, 5, 100)
    values[::1024] *= 1e6  # 1 in 1,000: a sample of each k-th row may have these alone
    coding = Coding.of(values)
    assert Coding.over(np.split(values, [1, 7, 11_000, 29_999])) == coding
    middle = np.diff(np.percentile(values, [1, 99], axis=0), axis=0)[0]
    reach = np.array(coding.high) - np.array(coding.low)
    assert ((reach > 2.4 * middle) & (reach < 3.6 * middle)).all(), "three times what it is of all rows"


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
