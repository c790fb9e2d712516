"""What the batch norm instructions share. A norm is l1 or l2; `stats` holds the mean and the spread of each channel.

The spread is psi = mean|y - mu| for l1 and the variance for l2 (DESIGN section 3); x = (y - mu) / divisor + beta.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Sizes, View, Work
from linocut.ops.bits import Array

L1, L2 = 1.0, 2.0
EPSILON = 1e-5


def divisor(stats: View, norm: float) -> Array:
    """What x is divided by, float64 (channels,): psi, or sqrt(var + 1e-5)."""
    spread = stats.data[1].astype(np.float64)
    return spread if norm == L1 else np.sqrt(spread + EPSILON)


def reciprocal(stats: View, norm: float) -> Array:
    """1 / divisor, float64 (channels,).

    0 for a channel that does not vary, so that it outputs beta, passes no gradient.
    """
    by = divisor(stats, norm)
    return np.where(by > 0, 1.0 / np.where(by > 0, by, 1.0), 0.0)


def normalised(y: View, stats: View, beta: View, norm: float) -> Array:
    """X = (y - mu) / divisor + beta in float32, (rows, channels)."""
    shifted = y.data.astype(np.float32) - stats.data[0].astype(np.float32)
    return shifted * reciprocal(stats, norm).astype(np.float32) + beta.data[0].astype(np.float32)


def work(sizes: Sizes, formats: object) -> Work:
    """Elements of a (R, C) buffer."""
    return Work("element", sizes["R"] * sizes["C"])
