"""norm_apply: batch norm whose output is wanted as numbers: logits, and every norm under `standard`."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.norm import normalised
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(
    *, y: View, stats: View, beta: View | None, more: View | None = None, x: View, norm: float, relu: float = 0.0
) -> None:
    """Y (R, C) -> x = (y - mu) / divisor + beta (R, C); with `relu` 0 where that is not above 0; and `more` added."""
    out = normalised(y, stats, beta, norm)
    if relu:
        out = np.where(out > 0, out, np.float32(0))
    x.store(out if more is None else out + more.data.astype(np.float32))


OP = Op(
    "norm_apply",
    7,
    "<y:i16|i32|f16|f32[R,C] <stats:f16|f32[2,C] <beta?:f16|f32[1,C] <more?:f16|f32[R,C] "
    ">x@y+more:f16|f32[R,C]; norm relu",
    reference,
    (Rule("more == absent or more == x", "x {x}, more {more}: they are of one format"),),
    Amount("R * C"),
)
