"""channel_sums: the sum of each channel over the rows, of a or of a b: gradients of biases and of scales.

In float64, part by part of the rows as batch norms sum (ops/norm.py), so that the bits depend on the program only.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.norm import parts, total
from linocut.ops.work import Amount

QUANTITIES = 1


def reference(*, a: View, b: View | None, sums: View, work: View) -> None:
    """A, b (R, C) -> sums (1, C) of a, or of a b, over the rows; work (S, C), a row for each of S parts."""
    values = a.data.astype(np.float64)
    if b is not None:
        values = values * b.data.astype(np.float64)
    for p, part in enumerate(parts(len(values), len(work.data))):
        work.data[p] = total(values[part])
    sums.store(total(work.data)[None])


OP = Op(
    "channel_sums",
    46,
    "<a:f16|f32[R,C] <b?:f16|f32[R,C] >sums:f32[1,C] >work:f64[S,C]",
    reference,
    (limits.parts(QUANTITIES),),
    Amount("R * C"),
)
