"""Q5.10: int16 with 10 fractional bits, from -32 to 31.999; how it rounds, saturates and is made of real numbers.

Every function takes and gives int64 arrays that hold such integers; only operands are stored as int16.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array

POINT = 10  # fractional bits
ONE = 1 << POINT
LEAST, MOST = -(2**15), 2**15 - 1


def shift(values: Array, bits: int) -> Array:
    """floor((v + 2^(bits - 1)) / 2^bits), v itself for no bits: to the nearest, halves up."""
    return values if bits == 0 else (values + (1 << (bits - 1))) >> bits


def saturated(values: Array) -> Array:
    """Values clipped to [-32768, 32767]."""
    return np.clip(values, LEAST, MOST)


def quantised(values: Array) -> Array:
    """Real numbers as int64 of Q5.10: sat(rint(1024 v)), halves to even; what is not a number is 0."""
    with np.errstate(over="ignore"):
        scaled = np.rint(np.float64(ONE) * np.asarray(values, np.float64))
    return saturated(np.nan_to_num(scaled, nan=0.0, posinf=float(MOST), neginf=float(LEAST))).astype(np.int64)


def saturating(values: Array) -> int:
    """How many of these real numbers Q5.10 cannot hold: they would be clipped."""
    scaled = np.rint(np.float64(ONE) * np.asarray(values, np.float64))
    return int(np.count_nonzero(~((scaled >= LEAST) & (scaled <= MOST))))
