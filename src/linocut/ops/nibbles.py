"""Packed nibbles in NumPy, shared by the references: i4, two elements a byte.

The element with the even index is in the low nibble; a row of an odd number of elements ends in a nibble of 0. A nibble
is a code from -7 to 7 in two's complement, which stands for one of LEVELS with its sign. The levels lie the further
apart the larger they are: most gradients are small, and the few that are large count most. Four of them sum to a byte.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array

LEVELS = (0, 1, 2, 4, 7, 12, 19, 30)
MOST = LEVELS[-1]
# From which size on, in halves, a number is as near to a level as to the one before it.
THRESHOLDS = tuple(LEVELS[code] + LEVELS[code - 1] for code in range(1, len(LEVELS)))
_VALUES = np.array([*LEVELS, -MOST, *(-level for level in LEVELS[:0:-1])], np.int64)  # by nibble
_CODES = np.searchsorted(LEVELS, np.arange(MOST + 1)).astype(np.uint8)


def pack_nibbles(values: Array) -> Array:
    """Levels with their signs (..., n) -> uint8 (..., ceil(n / 2))."""
    n = values.shape[-1]
    whole = values.astype(np.int64)
    codes = _CODES[np.abs(whole)]
    padded = np.zeros((*values.shape[:-1], n + n % 2), np.uint8)
    padded[..., :n] = np.where(whole < 0, -codes, codes) & 15
    return np.asarray(padded[..., ::2] | padded[..., 1::2] << 4)


def unpack_nibbles(packed: Array, n: int) -> Array:
    """uint8 (..., ceil(n / 2)) -> levels with their signs, int64 (..., n)."""
    nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)[..., :n]
    return _VALUES[nibbles]


def nearest_levels(halves: Array) -> Array:
    """Numbers as floor(2 x), int64 -> the level nearest to each, the larger of two; beyond the largest, that."""
    sizes = np.where(halves < 0, ~halves, halves)
    levels = np.asarray(LEVELS, np.int64)[np.searchsorted(THRESHOLDS, sizes, side="right")]
    return np.where(halves < 0, -levels, levels)
