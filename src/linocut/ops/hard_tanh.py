"""hard_tanh: x within [-limit, limit], and the mask |x| <= limit, where its gradient passes."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, x: View, y: View, mask: View | None, limit: float) -> None:
    """X (R, C) -> y, the nearest number within the limit (of NaN itself), and |x| <= limit; in f32."""
    values, most = x.data.astype(np.float32), np.float32(limit)
    y.store(np.where(values > most, most, np.where(values < -most, -most, values)))
    if mask is not None:
        mask.store(np.abs(values) <= most)


OP = Op(
    "hard_tanh",
    114,
    "<x:f16|f32[R,C] >y@x:f16|f32[R,C] >mask?:bit[R,C]; limit",
    reference,
    (Rule("limit > 0", "limit is {limit}, must be above 0"),),
    Amount("R * C"),
)
