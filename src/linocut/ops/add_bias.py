"""add_bias: a number for each channel, added to all rows in place."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.work import Amount


def reference(*, y: View, bias: View) -> None:
    """Y (R, C) <- y + bias (1, C), in f32."""
    y.store(y.data.astype(np.float32) + bias.data[0].astype(np.float32))


OP = Op("add_bias", 45, "=y:f16|f32[R,C] <bias:f16|f32[1,C]", reference, work=Amount("R * C"))
