"""threshold: x^ = +1 where y >= least, by channel: the signs after a batch norm, in prediction.

Of integers by integers, of floats by floats: an f16 is compared as the f32 that it is. What is not a number is -1.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.limits import together
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, y: View, least: View, bits: View) -> None:
    """Y (R, C), least (1, C) -> bits (R, C)."""
    wide = np.int64 if y.form.is_integer else np.float32
    bits.store(y.data.astype(wide) >= least.data[0])


OP = Op(
    "threshold",
    64,
    "<y:i16|i32|f16|f32[R,C] <least:i32|f32[1,C] >bits:bit[R,C]",
    reference,
    (
        Rule(
            together("y in (i16, i32)", "least == i32"),
            "y {y} and least {least}: integers go with i32, floats with f32",
        ),
    ),
    Amount("R * C"),
)
