"""quantise: numbers as levels of 2 or 4 bits, in planes (ops/levels.py), and the mask |x| <= 1 of their estimator.

Fixed-point numbers are compared with boundaries in units of their one, floats with float32 ones; the largest level
stands for `span`. Integers come with the least one of each code above 0, by channel: those of products before a batch
norm (norm_levels.py). What is not a number has code 0.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.levels import float_boundaries, given, store_codes, whole_boundaries
from linocut.ops.limits import together
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(
    *,
    x: View,
    least: View | None = None,
    first: View,
    second: View,
    third: View | None = None,
    fourth: View | None = None,
    mask: View | None = None,
    span: float,
) -> None:
    """X (R, C), least (S, C) -> planes (R, C), the most significant first, and the mask."""
    planes = given(first, second, third, fourth)
    values = x.data.astype(np.int64 if x.form.is_integer else np.float32)
    codes = np.zeros(values.shape, np.int64)
    for bound in _bounds(x, least, len(planes), span):
        codes += values >= bound
    store_codes(codes, planes)
    if mask is not None:
        mask.store(np.abs(values) <= 1)


def _bounds(x: View, least: View | None, bits: int, span: float) -> Array:
    """The boundaries, of each channel or of all."""
    if least is not None:
        return least.data.astype(np.int64)
    return whole_boundaries(bits, x.form.one * span) if x.form.is_fixed else float_boundaries(bits, span)


OP = Op(
    "quantise",
    82,
    "<x:q15|q7|i16|i32|f16|f32[R,C] <least?:i32[S,C] >first:bit[R,C] >second:bit[R,C] >third?:bit[R,C] "
    ">fourth?:bit[R,C] >mask?:bit[R,C]; span",
    reference,
    (
        Rule(together("third != absent", "fourth != absent"), "levels have 2 planes or 4"),
        Rule(
            together("least != absent", "x in (i16, i32)"),
            "x {x}: integers go with the least of each level, other numbers without",
        ),
        Rule(
            "least == absent or S == (3 if third == absent else 15)",
            "least has {S} rows, must have {3 if third == absent else 15}: one a level but the lowest",
        ),
        Rule("span > 0 and span <= 1", "span is {span}, must be above 0, up to 1"),
        Rule("mask == absent or x in (f16, f32)", "x {x} has no mask: only floats pass 1"),
    ),
    Amount("R * C"),
)
