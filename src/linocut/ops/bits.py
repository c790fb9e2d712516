"""Packed bits in NumPy, shared by the references. Bit 1 is +1, bit 0 is -1; sgn(0) = +1."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from linocut.formats import WORD_BITS, words

Array: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[Any]]


def pack(positive: Array) -> Array:
    """Booleans (..., n) to uint64 words (..., ceil(n / 64)), least significant bit first, padding 0."""
    n = positive.shape[-1]
    padded = np.zeros((*positive.shape[:-1], words(n) * WORD_BITS), np.uint8)
    padded[..., :n] = positive
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8")


def unpack(packed: Array, n: int) -> Array:
    """uint64 words (..., ceil(n / 64)) to booleans (..., n)."""
    octets = np.ascontiguousarray(packed).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=n, bitorder="little").astype(bool)


def padding_is_zero(packed: Array, n: int) -> bool:
    """Whether the bits past `n` in the last word are 0."""
    tail = n % WORD_BITS
    return tail == 0 or not np.any(packed[..., -1] >> np.uint64(tail))
