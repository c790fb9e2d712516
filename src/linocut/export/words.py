"""words: packed signs in the 32-bit words that other runtimes read."""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array

WORD = 32  # bits


def tap_words(weights: Array, depth: int) -> Array:
    """Packed signs (..., 64-bit words) of `depth` each -> uint32 (..., words): whole words for each tap."""
    halves = np.ascontiguousarray(weights.astype("<u8")).view("<u4")
    return np.ascontiguousarray(halves[..., : -(-depth // WORD)])
