"""accumulate: sums the float gradients of a step's micro-batches (micro_batch.py)."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.micro_batch import micro_batch
from linocut.ops.work import Amount


def reference(*, value: View, sum: View, micro: View) -> None:
    """The sum (R, K) of the micro-batches so far; in the last the mean: sum / count. In f32, one after another."""
    part = micro_batch(micro)
    given = value.data.astype(np.float32)
    total = given if part.first else sum.data + given
    sum.store(total / np.float32(part.count if part.last else 1))


OP = Op("accumulate", 40, "<value:f16|f32[R,K] =sum:f32[R,K] <micro:i64[2]", reference, work=Amount("R * K"))
