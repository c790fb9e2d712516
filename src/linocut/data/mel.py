"""Bands of frequencies on the mel scale, 2595 log10(1 + f / 700), as filters over a spectrum."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mel_filters(bands: int, lowest: float, rate: int, length: int) -> NDArray[np.float64]:
    """Triangles (bands, length // 2 + 1), of height 1, from `lowest` Hz to half the rate.

    Columns are the frequencies of a transform of `length` samples. A band that lies between two of them takes the
    nearest, so that none is empty.
    """
    low, high = (2595 * math.log10(1 + end / 700) for end in (lowest, rate / 2))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    at = np.arange(length // 2 + 1) * rate / length
    below, middle, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.clip(np.minimum((at - below) / (middle - below), (above - at) / (above - middle)), 0, None)
    for row, nearest in zip(filters, np.abs(at - middle).argmin(axis=1), strict=True):
        if not row.any():
            row[nearest] = 1.0
    found: NDArray[np.float64] = filters
    return found
