"""Bytes as floats of a range."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.errors import DataError


def test_bytes_become_floats_of_the_range() -> None:
    digits = lc.data.load("digits")[0]
    floats = lc.data.as_floats(digits)
    places = np.array([3, 0, 7])
    before, after = np.empty((3, *digits.shape), np.uint8), np.empty((3, *digits.shape), np.float32)
    labels, again = np.empty(3, np.int32), np.empty(3, np.int32)
    digits.read(places, before, labels)
    floats.read(places, after, again)
    np.testing.assert_allclose(after, before / 255.0, rtol=1e-6)
    np.testing.assert_array_equal(labels, again)
    assert (len(floats), floats.shape, floats.classes, floats.dtype) == (
        len(digits),
        digits.shape,
        digits.classes,
        "f32",
    )


def test_other_ranges_and_what_cannot_be() -> None:
    digits = lc.data.load("digits")[0]
    image = np.empty((1, *digits.shape), np.float32)
    lc.data.as_floats(digits, -1.0, 3.0).read(np.array([0]), image, np.empty(1, np.int32))
    assert image.min() == -1.0 and image.max() <= 3.0
    with pytest.raises(DataError, match="the range is 1 to 0, must rise"):
        lc.data.as_floats(digits, 1.0, 0.0)
    with pytest.raises(DataError, match="values of type f32, must be u8"):
        lc.data.as_floats(lc.data.as_floats(digits))
