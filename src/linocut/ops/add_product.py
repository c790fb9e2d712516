"""add_product: y <- y + times part: products of planes add up to a product of levels (ops/levels.py)."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, y: View, part: View, times: float) -> None:
    """Y, part (R, C), whole numbers in any format -> y."""
    wide = np.int64 if y.form.is_integer else np.float32
    y.store(y.data.astype(wide) + wide(times) * part.data.astype(wide))


OP = Op(
    "add_product",
    52,
    "=y:i16|i32|f32[R,C] <part:i16|i32|f32[R,C]; times",
    reference,
    (Rule("y == part", "y {y}, part {part}: they are of one format"),),
    Amount("R * C"),
)
