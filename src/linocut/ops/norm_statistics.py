"""norm_statistics: the mean and the deviation of each channel over the batch, and their running averages."""

from __future__ import annotations

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.limits import CHANNELS
from linocut.ops.norm import (
    L2,
    SCALED_L1,
    SIGMAS,
    channels,
    parts,
    total,
)
from linocut.ops.work import Amount

QUANTITIES = 3  # sum y; then sum and count of the y above floor(mu), or, of floats, the summed deviations and 0


def reference(
    *, y: View, stats: View, running: View | None, work: View, norm: float, momentum: float, first: float = 0.0
) -> None:
    """Y (R, D), channels `first` and on of C -> these of stats (2, C).

    Mu and psi (l1), sqrt(pi/2) psi (scaled l1) or variance (l2); running <- momentum running + (1 - momentum) stats.
    """
    stats = channels(stats, first, y.cols)
    rows = np.float64(y.data.shape[0])
    sums, deviations, counts = np.split(work.data, QUANTITIES)
    exact = y.form.is_integer and norm != L2
    values = [y.data[part].astype(np.int64 if exact else np.float64) for part in parts(len(y.data), len(sums))]
    sums[...] = [total(part) for part in values]
    mu = total(sums) / rows
    for p, part in enumerate(values):
        deviations[p], counts[p] = _exact(part, mu) if exact else _floating(part, mu, norm)
    deviation = total(deviations)
    if exact:  # the deviations sum to 0: sum|y - mu| is twice the sum of the positive ones
        deviation = 2.0 * (deviation - total(counts) * mu)
    unit = SIGMAS if norm == SCALED_L1 else 1.0
    stats.store(np.stack([mu, deviation / rows * unit]))
    if running is not None:
        running = channels(running, first, y.cols)
        kept = running.data.astype(np.float64) * momentum
        running.store(kept + stats.data.astype(np.float64) * (1.0 - momentum))


def _exact(y: Array, mu: Array) -> tuple[Array, Array]:
    above = y > np.floor(mu).astype(np.int64)
    return np.where(above, y, 0).sum(axis=0), above.sum(axis=0)


def _floating(y: Array, mu: Array, norm: float) -> tuple[Array, float]:
    deviation = y - mu
    return total(np.square(deviation) if norm == L2 else np.abs(deviation)), 0.0


OP = Op(
    "norm_statistics",
    5,
    "<y:i16|i32|f16|f32[R,D] >stats:f16|f32[2,C] =running?:f16|f32[2,C] >work:f64[S,D]; norm momentum first",
    reference,
    (*CHANNELS, limits.parts(QUANTITIES), limits.WIDE_ROWS),
    Amount("R * D"),
)
