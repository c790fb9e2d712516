"""centre_weights: w <- w - the mean of its row, within [-1, 1]: latent weights, centred over the inputs of each tap.

As XNOR-Net does it before a step (Rastegari et al., arXiv 1603.05279; Chakraborty et al., arXiv 1906.01493). It is a
projection: after a step of plain gradient descent from centred weights it leaves what the exact gradient through a
centring would have come to. In fixed point the mean is rounded to a unit, halves up; floats are summed in order, in
float64. Of a step of several micro-batches the last does it.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.micro_batch import micro_batch
from linocut.ops.work import Amount


def reference(*, w: View, micro: View | None = None) -> None:
    """W (R, K) in place."""
    if not micro_batch(micro).last:
        return
    count = w.data.shape[-1]
    if w.form.is_fixed:
        values = w.data.astype(np.int64)
        mean = (2 * values.sum(axis=1, keepdims=True) + count) // (2 * count)
        w.store(np.clip(values - mean, -w.form.one, w.form.one))
        return
    floats = w.data.astype(np.float32)
    total = floats.astype(np.float64).cumsum(axis=1)[:, -1:] + 0  # a sum that starts from 0 is never -0.0
    mean = (total / count).astype(np.float32)
    w.store(np.clip(floats - mean, np.float32(-1), np.float32(1)))


OP = Op("centre_weights", 55, "=w:q15|q7|f16|f32[R,K] <micro?:i64[2]", reference, work=Amount("R * K"))
