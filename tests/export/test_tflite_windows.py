"""Windows as TFLite moves them, and floats as codes: by arithmetic that needs no runtime."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from linocut.export.tflite.codes import least_of_codes
from linocut.export.tflite.windows import NONE, SAME, VALID, Moves, excess, moves, padded, thinned, widened
from linocut.layers.window import SAME as PADDED
from linocut.layers.window import VALID as UNPADDED
from linocut.layers.window import Window, window
from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.quantise_input import reference

SIDES = tuple(product((1, 2, 3, 4, 5, 6, 9), (1, 2, 3, 4, 5), (1, 2, 3, 4)))


def begins(how: Moves, size: int, side: int, count: int) -> list[int]:
    """Where the windows of outputs that are kept begin along the rows of an image, as TensorFlow's documents say."""
    before, behind = how.around[0]
    side += before + behind
    outputs = -(-side // how.stride) if how.padding == SAME else (side - size) // how.stride + 1
    needed = max((outputs - 1) * how.stride + size - side, 0) if how.padding == SAME else 0
    assert (count - 1) * how.step < outputs
    return [number * how.step * how.stride - needed // 2 - before for number in range(count)]


@pytest.mark.parametrize("way", [padded, thinned, widened])
@pytest.mark.parametrize("padding", [PADDED, UNPADDED])
def test_windows_begin_where_linocut_has_them(way, padding: str) -> None:
    for side, size, stride in SIDES:
        if padding == UNPADDED and size > side:
            continue
        own = window("conv kernel", size, stride, padding)
        count, _ = given = own.over((side, side, 1))
        how = way(own, (side, side), given)
        first = (size - 1) // 2 if padding == PADDED else 0
        assert begins(how, size, side, count) == [number * stride - first for number in range(count)], (
            side,
            size,
            stride,
        )


def test_products_of_signs_read_no_row_that_is_not_there() -> None:
    """A larger image has rows of +1: no output that is kept reads them. Nor is a window larger than a padded image."""
    ways = set()
    for side, size, stride in SIDES:
        own = window("conv kernel", size, stride, PADDED)
        count, _ = given = own.over((side, side, 1))
        how = widened(own, (side, side), given)
        ways.add((how.padding, how.around != NONE))
        assert how.step == 1
        if how.padding == SAME:
            assert side + how.around[0][1] >= size
            assert how.around == NONE or begins(how, size, side, count)[-1] + size <= side
    assert ways == {(VALID, False), (VALID, True), (SAME, False), (SAME, True)}


def test_one_operator_does_where_the_halves_agree() -> None:
    three = window("conv kernel", 3, 2, PADDED)
    assert moves(three, (9, 9), (5, 5)) == Moves(SAME, 2)
    assert moves(three, (8, 9), (4, 5)) is None  # TFLite would begin at 0
    assert widened(three, (8, 9), (4, 5)) == Moves(SAME, 2, ((0, 1), (0, 0)))
    assert moves(window("conv kernel", 1, 2, PADDED), (8, 8), (4, 4)) == Moves(VALID, 2)


@pytest.mark.parametrize("stride", [1, 2])
def test_what_signs_around_an_image_add(stride: int) -> None:
    """Against a sum over an image of zeros with ones around it."""
    rng = np.random.default_rng(1)
    own: Window = window("conv kernel", (4, 5), stride, PADDED)
    given, sums = own.over((3, 6, 1)), rng.integers(-9, 9, (2, 4, 5))
    how = widened(own, (3, 6), given)
    image = np.pad(np.zeros((3, 6), int), how.around, constant_values=1)
    found: Array = excess(sums, how, (3, 6), given)
    for row, column in product(*map(range, given)):
        taps = image[row * stride :, column * stride :][:4, :5]
        assert found[row, column].tolist() == (sums * taps).sum(axis=(1, 2)).tolist()


@pytest.mark.parametrize(
    ("low", "high"), [(-1, 1), (0, 255), (-3.7, 1e-3), (1e6, 1e6 + 1), (-3e38, 3e38), (1e-39, 2e-39)]
)
def test_floats_reach_as_many_boundaries_as_their_code(low: float, high: float) -> None:
    least = least_of_codes(low, high)
    assert least.dtype == np.float32 and least.shape == (255,) and (np.diff(least) >= 0).all()
    rng = np.random.default_rng(0)
    floats = rng.uniform(low, high, 1000).astype(np.float32)
    ends = np.array([-np.inf, np.inf, -0.0, 0.0], np.float32)
    x = np.concatenate([floats, least, np.nextafter(least, -np.inf), np.nextafter(least, np.inf), ends])
    x = x.astype(np.float32)
    codes = View(np.empty((1, len(x)), np.uint8), "u8", len(x))
    reference(x=View(x[None], "f32", len(x)), codes=codes, low=low, high=high)
    assert np.array_equal(np.searchsorted(least, x, side="right"), codes.data[0])
