"""tanh and sigmoid of Q5.10 by pieces of lines: linocut's one table of 33 numbers, and the published 22 chords.

Own: tanh between knots at multiples of 1/8, and sigmoid(v) = (1 + tanh(v/2)) / 2; both monotonic, off by .0021 and
.0017 at most. Published (arXiv 1803.06305): chords between exact values at multiples of .5 for sigmoid and .4 for tanh,
off by .0060 and .0154 with coefficients in Q5.10, and by .0062 and .0158 with what they give in Q5.10 too.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array
from linocut.ops.q10 import ONE, POINT, shift

SEGMENTS, SEGMENT_BITS = 32, 7
KNOTS = np.append(np.rint(ONE * np.tanh(np.arange(SEGMENTS) / 8.0)), ONE).astype(np.int64)  # int64 (33,)
CHORDS = 22


def tanh(values: Array, *, paper: bool = False) -> Array:
    """Tanh of int64, any shape."""
    return _by_chords(values, PAPER_TANH, TANH_STEP) if paper else _by_knots(values)


def sigmoid(values: Array, *, paper: bool = False) -> Array:
    """1 / (1 + e^-v) of int64, any shape."""
    return _by_chords(values, PAPER_SIGMOID, SIGMOID_STEP) if paper else (ONE + _by_knots((values + 1) >> 1) + 1) >> 1


def _by_knots(values: Array) -> Array:
    size = np.minimum(np.abs(values), SEGMENTS << SEGMENT_BITS)
    at = np.minimum(size >> SEGMENT_BITS, SEGMENTS - 1)
    beyond = size - (at << SEGMENT_BITS)
    rise = (KNOTS[at + 1] - KNOTS[at]) * beyond
    return np.sign(values) * (KNOTS[at] + ((rise + (1 << (SEGMENT_BITS - 1))) >> SEGMENT_BITS))


# A step of so many units over so many: v stands in chord floor(v over / units) + 11. 512 = .5, 4096 / 10 = .4.
SIGMOID_STEP, TANH_STEP = (512, 1), (4096, 10)


def _by_chords(values: Array, chords: Array, step: tuple[int, int]) -> Array:
    """Slope and intercept of the chord that a value stands in; the first and the last stand for all beyond."""
    units, over = step
    at = np.clip(values * over // units + CHORDS // 2 + 1, 0, CHORDS + 1)
    return shift(chords[0][at] * values, POINT) + chords[1][at]


def _chords(exact: Array, ends: tuple[float, float], step: float) -> Array:
    """Slopes and intercepts of the line below, 22 chords and the line above: int64 (2, 24) of Q5.10."""
    knots, values = _knots(step), exact.copy()
    values[0], values[-1] = ends
    slope = np.diff(values) / step
    intercept = values[:-1] - slope * knots[:-1]
    lines = np.stack([np.pad(slope, 1), np.concatenate([ends[:1], intercept, ends[1:]])])
    return np.rint(ONE * lines).astype(np.int64)


def _knots(step: float) -> Array:
    return step * (np.arange(CHORDS + 1) - CHORDS // 2)


PAPER_SIGMOID = _chords(1.0 / (1.0 + np.exp(-_knots(0.5))), (0.0, 1.0), 0.5)
PAPER_TANH = _chords(np.tanh(_knots(0.4)), (-1.0, 1.0), 0.4)
