"""norm_apply: batch norm whose output is wanted as numbers: logits, and every norm under `standard`."""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.norm import normalised
from linocut.ops.work import Amount


def reference(*, y: View, stats: View, beta: View | None, x: View, norm: float) -> None:
    """Y (R, C) -> x = (y - mu) / divisor + beta (R, C)."""
    x.store(normalised(y, stats, beta, norm))


OP = Op(
    "norm_apply",
    7,
    "<y:i16|i32|f16|f32[R,C] <stats:f16|f32[2,C] <beta?:f16|f32[1,C] >x:f16|f32[R,C]; norm",
    reference,
    work=Amount("R * C"),
)
