"""max_pool: the largest of each window, of bits or numbers, and which tap it came from; ties go to the first tap.

`index` has one plane of bits for each binary digit of the tap's number p width + q: 2 bits an output for 2 x 2. Padding
is never the largest.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.limits import POOL
from linocut.ops.rule import Rule
from linocut.ops.window import ATTRIBUTES, taps
from linocut.ops.work import Amount

POOL_ATTRIBUTES = f"height width {ATTRIBUTES}"


def planes(height: int, width: int) -> int:
    """How many bits the number of a tap takes."""
    return max(1, (height * width - 1).bit_length())


def reference(
    *,
    x: View,
    y: View,
    index: View | None,
    height: float,
    width: float,
    stride: float,
    pad_top: float,
    pad_left: float,
) -> None:
    """X (B, H, W, C) -> y (B, I, J, C), index (B, I, J, L, C)."""
    values = x.values().astype(np.float64 if x.form.is_float else np.int64)
    largest = np.zeros(y.shape, values.dtype)
    found = np.full(y.shape, -1)
    window, pad = (int(height), int(width)), (int(pad_top), int(pad_left))
    for tap in taps(window, x.shape[1:3], y.shape[1:3], int(stride), pad):
        seen = values[tap.inputs]
        better = (found[tap.outputs] < 0) | (seen > largest[tap.outputs])
        largest[tap.outputs] = np.where(better, seen, largest[tap.outputs])
        found[tap.outputs] = np.where(better, tap.row * window[1] + tap.column, found[tap.outputs])
    y.store((largest >= 0 if y.form.is_bits else largest).reshape(-1, y.cols))
    if index is not None:
        digits = np.arange(index.shape[3])[:, None]
        index.store(((found[:, :, :, None, :] >> digits) & 1).astype(bool).reshape(-1, y.cols))


PLANES = Rule(
    "index == absent or L == digits(height * width)",
    "index has {L} planes, a window of {height} x {width} takes {digits(height * width)}",
)


def chosen(index: View) -> Array:
    """The number of the tap that each output came from, (B, I, J, C)."""
    digits = np.arange(index.shape[3])[:, None]
    return (index.bits().reshape(index.shape).astype(np.int64) << digits).sum(axis=3)


OP = Op(
    "max_pool",
    26,
    "<x:bit|i16|i32|f16|f32[B,H,W,C] >y:bit|i16|i32|f16|f32[B,I,J,C] >index?:bit[B,I,J,L,C]; " + POOL_ATTRIBUTES,
    reference,
    (Rule("x == y", "x {x} and y {y} must have the same format"), *POOL, PLANES),
    Amount("B * H * W * C"),
)
