"""layout: how values and weights lie in TFLite: images of four dimensions, signs in words of 32 channels."""

from __future__ import annotations

import math

import numpy as np

from linocut.export.words import WORD, tap_words
from linocut.layers.base import Shape
from linocut.ops.bits import Array

CHANNELS = 3  # the dimension


def as_image(shape: Shape) -> Shape:
    """(1, height, width, channels) of an example's shape; pixels of more than two dimensions are one row."""
    if len(shape) == CHANNELS:
        return (1, *shape)
    return (1, 1, math.prod(shape[:-1]), shape[-1])


def words_of(shape: Shape) -> Shape:
    """The shape of signs (..., channels) as words."""
    return (*shape[:-1], -(-shape[-1] // WORD))


def filter_words(weights: Array, depth: int) -> Array:
    """Packed signs (outputs, [rows, columns,] 64-bit words) -> int32 (outputs, rows, columns, words), bit 1 for -1."""
    positive = tap_words(weights, depth)
    used = np.full(positive.shape[-1], 0xFFFFFFFF, np.uint32)
    if depth % WORD:
        used[-1] = (1 << depth % WORD) - 1
    negative = (~positive & used).view(np.int32)
    return negative.reshape(len(negative), *(negative.shape[1:-1] or (1, 1)), -1)
