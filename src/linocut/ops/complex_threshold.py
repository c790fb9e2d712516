"""complex_threshold: the signs of a line through both parts of a complex channel: a norm and a sign, in prediction.

x^_re = +1 where a re + b im + s >= 0, x^_im where c re + d im + t >= 0, in integers of 64 bits.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, y: View, factors: View, shift: View, bits: View) -> None:
    """Y (R, 2 D), factors (4, D) [a, b, c, d], shift (1, 2 D) [s, t] -> bits (R, 2 D)."""
    re, im = np.split(y.data.astype(np.int64), 2, axis=1)
    a, b, c, d = factors.data.astype(np.int64)
    bits.store(np.hstack([a * re + b * im, c * re + d * im]) + shift.data >= 0)


OP = Op(
    "complex_threshold",
    133,
    "<y:i16|i32[R,C] <factors:i32[4,D] <shift:i64[1,C] >bits:bit[R,C]",
    reference,
    (Rule("C == 2 * D", "{C} channels are not the parts of {D} complex ones, must be {2 * D}"),),
    Amount("2 * R * C"),
)
