"""Packed nibbles in NumPy, shared by the references: i4, two elements a byte.

The element with the even index is in the low nibble, in two's complement. A row of an odd number of elements ends in a
nibble of 0. Mantissas are -7 to 7, as those of other formats leave out their least number.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array

MOST = 7


def pack_nibbles(values: Array) -> Array:
    """Integers (..., n) from -7 to 7 -> uint8 (..., ceil(n / 2))."""
    n = values.shape[-1]
    padded = np.zeros((*values.shape[:-1], n + n % 2), np.uint8)
    padded[..., :n] = values.astype(np.int64) & 15
    return np.asarray(padded[..., ::2] | padded[..., 1::2] << 4)


def unpack_nibbles(packed: Array, n: int) -> Array:
    """uint8 (..., ceil(n / 2)) -> int64 (..., n)."""
    both = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)[..., :n]
    return (both.astype(np.int64) ^ 8) - 8
