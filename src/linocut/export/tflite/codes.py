"""codes: which floats become which byte, as the boundaries that TFLite's BUCKETIZE compares with.

The byte of x is floor((x - low) * 255 / (high - low) + 1/2) in double precision (ops/quantise_input.py), which TFLite's
operators do not have. It never falls as x rises, so that it is the number of boundaries that x reaches.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array

CODES = 255  # beside 0


def least_of_codes(low: float, high: float) -> Array:
    """The least float32 whose byte is 1, 2, ... 255: (255,), rising.

    Bits of floats, with those of negative ones turned over, are in the order of the floats: halving finds each.
    """
    codes = np.arange(1, CODES + 1)
    below, reached = (np.full(CODES, _place(np.float32(end))) for end in (-np.inf, np.inf))
    while np.any(reached - below > 1):
        middle = (below + reached) // 2
        found = _code(_float(middle), low, high) >= codes
        below, reached = np.where(found, below, middle), np.where(found, middle, reached)
    return _float(reached)


def _code(x: Array, low: float, high: float) -> Array:
    """Bytes as doubles."""
    return np.floor((x.astype(np.float64) - low) * (CODES / (high - low)) + 0.5)


def _place(x: np.float32) -> int:
    """The place of a float among all of them, 0.0 at 0."""
    bits = int(x.view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF) - 1


def _float(places: Array) -> Array:
    """The floats at their places, float32."""
    bits = np.where(places >= 0, places, (-places - 1) | 0x80000000)
    return bits.astype(np.uint32).view(np.float32)
