"""scale_gradient: what the gradient of a scale adds to that of latent weights: W^ = a q(W), a = mean|W| of an output.

dW <- a g + sgn(W) mean(q(W) g), g being the gradient of W^ and dW = a g given: the exact gradient, the
estimator passing all of q's (sgn(0) is 0 here, as the derivative of |w|). An output whose weights are all 0 is left.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.levels import float_boundaries, largest
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, dw: View, w: View, scale: View, planes: float) -> None:
    """dW (N, K) in place, from W (N, K) of levels of so many bits, scale (1, N); summed in float64, in order."""
    values, gradient = w.data.astype(np.float32), dw.data.astype(np.float32)
    levels = np.where(values >= 0, np.float32(1), np.float32(-1))
    bits = int(planes)
    if bits > 1:
        codes = (values[..., None] >= float_boundaries(bits)).sum(axis=-1)
        levels = (2 * codes - largest(bits)).astype(np.float32)
    products = levels.astype(np.float64) * gradient.astype(np.float64)
    by = scale.data[0].astype(np.float64) * values.shape[-1] * largest(bits)
    total = products.cumsum(axis=1)[:, -1] + 0  # a sum that starts from 0 is never -0.0
    mean = np.where(by > 0, total / np.where(by > 0, by, 1.0), 0.0)
    dw.store(gradient + np.sign(values) * mean.astype(np.float32)[:, None])


OP = Op(
    "scale_gradient",
    56,
    "=dw:f16|f32[N,K] <w:f16|f32[N,K] <scale:f32[1,N]; planes",
    reference,
    (Rule("planes == 1 or planes == 2 or planes == 4", "planes is {planes}, must be 1, 2 or 4"),),
    Amount("N * K"),
)
