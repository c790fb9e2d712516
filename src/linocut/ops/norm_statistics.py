"""norm_statistics: the mean and the spread of each channel over the batch, and their running averages."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import L1, work


def reference(*, y: View, stats: View, running: View | None, norm: float, momentum: float) -> None:
    """Y (R, C) -> stats (2, C).

    Mu and psi (l1) or variance (l2); running <- momentum running + (1 - momentum) stats.
    """
    mu, spread = _exact(y.data) if y.is_integer() and norm == L1 else _floating(y.data.astype(np.float64), norm)
    stats.store(np.stack([mu, spread]))
    if running is not None:
        kept = running.data.astype(np.float64) * momentum
        running.store(kept + stats.data.astype(np.float64) * (1.0 - momentum))


def _exact(y: Array) -> tuple[Array, Array]:
    """Since the deviations sum to 0, sum|y - mu| is twice the sum of the positive ones: only integers are summed."""
    n = np.float64(y.shape[0])
    wide = y.astype(np.int64)
    mu = wide.sum(axis=0).astype(np.float64) / n
    above = wide > np.floor(mu).astype(np.int64)
    total = np.where(above, wide, 0).sum(axis=0).astype(np.float64)
    count = above.sum(axis=0).astype(np.float64)
    return mu, 2.0 * (total - count * mu) / n


def _floating(y: Array, norm: float) -> tuple[Array, Array]:
    mu = y.mean(axis=0)
    deviation = y - mu
    return mu, np.abs(deviation).mean(axis=0) if norm == L1 else np.square(deviation).mean(axis=0)


OP = Op(
    "norm_statistics",
    5,
    "<y:i16|i32|f16|f32[R,C] >stats:f16|f32[2,C] =running?:f16|f32[2,C]; norm momentum",
    reference,
    work=work,
)
