"""Panels: packed weights in the order in which prediction reads them, packed once, when a model is loaded.

Rows of words, one for each output, are cut into panels of 64 outputs. A panel holds the words of its outputs side by
side: first word 0 of all 64, then word 1, and so on; an output that is not there has words 0. As a buffer that is
bit[P, W, 4096], the same for every instruction set. The row of a convolution's output is that of all its taps.
"""

from __future__ import annotations

import numpy as np

from linocut.formats import WORD_BITS, words
from linocut.ops.bits import Array, unpack

OUTPUTS = WORD_BITS  # of a panel: their signs fill one word
BITS = OUTPUTS * WORD_BITS  # of a panel's row: one word of each output


def panels_of(outputs: int) -> int:
    """How many panels hold so many outputs."""
    return -(-outputs // OUTPUTS)


def panels_shape(outputs: int, row_words: int) -> tuple[int, int, int]:
    """The shape, in bits, of the buffer that holds rows of so many words."""
    return panels_of(outputs), row_words, BITS


def pack_panels(rows: Array) -> Array:
    """Rows of uint64 words (N, W) -> panels (ceil(N / 64), W, 64)."""
    outputs, row_words = rows.shape
    whole = np.zeros((panels_of(outputs) * OUTPUTS, row_words), np.uint64)
    whole[:outputs] = rows
    return np.ascontiguousarray(whole.reshape(-1, OUTPUTS, row_words).swapaxes(1, 2))


def unpack_panels(panels: Array, outputs: int) -> Array:
    """Panels (ceil(N / 64), W, 64) of so many outputs -> their rows of words (N, W)."""
    return np.ascontiguousarray(panels.swapaxes(1, 2)).reshape(-1, panels.shape[1])[:outputs]


def signs(panels: Array, outputs: int, channels: int) -> Array:
    """Panels of rows of words(channels) words for each tap -> int64 -1 and +1 (N, taps, channels)."""
    rows = unpack_panels(panels, outputs).reshape(outputs, -1, words(channels))
    return np.where(unpack(rows, channels), np.int64(1), np.int64(-1))
