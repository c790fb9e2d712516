"""Fixed-point updates from gradients in units of a standard deviation; the twin is native/kernels/fixed_point.hpp.

A gradient is the sign of one, +-s, or one in q7: in units of the standard deviation s of the gradients of its word (64
weights side by side), 127 being DEVIATIONS of them. So every step's gradients have the second moment s**2: Adam divides
by the constant s, and SGD with momentum differs from Adam in the step's factor alone. The first moment is kept in q7 as
its gradients are (of signs in q15 too, 32767 being s). In micro-batches the moment takes up the mean of their
gradients: the first decays it, each adds its share, which is small and so dithered, and the last moves the weights.
"""

from __future__ import annotations

import math

import numpy as np

from linocut.formats import FORMATS, WORD_BITS, words
from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.elementary import rounded
from linocut.ops.micro_batch import WHOLE, MicroBatch

DEVIATIONS = 3.0  # that a q7 gradient's one stands for; larger gradients are that
DECAY_FRACTION = 15
SHARE_FRACTION = 8  # bits more of what a gradient adds: a small share of one, in micro-batches
STEP_FRACTION = 16
Q7_OF_DEVIATION = 127.0 / (DEVIATIONS * math.sqrt(math.pi / 2))
STEP_LIMIT = 2.0**24 - 1.0  # times 127 plus a dither still fits 32 bits, and moves a weight by its whole range
SLOW_FRACTION = 24
FRESH = "q15"  # weights of this format draw new dithers in every step, and so do moments
MOMENT_STREAM = 1 << 31  # the second half of the numbers, for the roundings of moments
TURN_SHIFT = 48  # of the random state: its high bits turn by the golden ratio from step to step
GOLDEN_32 = 0x9E3779B1
GOLDEN_64 = 0x9E3779B97F4A7C15
MASK_32 = (1 << 32) - 1
MASK_64 = (1 << 64) - 1


def step_key(state: int, salt: int) -> int:
    """The 32-bit key of one instruction in one step.

    Splitmix64's mix of the random state and the instruction's salt.
    """
    z = (state + salt * GOLDEN_64) & MASK_64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK_64
    return (z ^ (z >> 31)) & MASK_32


def random_bits(numbers: Array, key: int) -> Array:
    """32 random bits (uint32) for each number (uint32): a hash of it and the key."""
    x = numbers * np.uint32(GOLDEN_32) + np.uint32(key)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def dithers(shape: tuple[int, ...], form: str, state: int, salt: int, stream: int = 0) -> Array:
    """STEP_FRACTION bits for each weight of a matrix in this format, int64.

    A word of 64 weights draws 32 hashes: the low halves go to its even weights, the high halves to the odd ones.
    Those of q15 weights are new in every step. Those of q7 weights stay, and all are turned by what the random state
    turns, a golden ratio in each step: so a weight's own dithers fill [0, 1) evenly in any few steps, and it moves by
    what its steps add up to within about two units, where new ones would send it on a random walk of units.
    `stream` is the number of the first hash.
    """
    turning = form == "q7"
    key, turn = step_key(0 if turning else state, salt), (state & MASK_64) >> TURN_SHIFT if turning else 0
    rows, columns = shape
    padded = words(columns) * WORD_BITS
    pairs = random_bits(np.arange(rows * padded // 2, dtype=np.uint32) + np.uint32(stream), key)
    halves = np.stack([pairs & np.uint32(0xFFFF), pairs >> np.uint32(16)], axis=-1)
    return (halves.reshape(rows, padded)[:, :columns].astype(np.int64) + turn) & ((1 << STEP_FRACTION) - 1)


def word_mantissas(gradients: Array) -> Array:
    """Exact gradients (N, K) in q7, int64: those of a word in units of sqrt(pi/2) times their mean magnitude.

    That is the standard deviation of normal gradients of mean 0. In float32.
    """
    mantissas = np.zeros_like(gradients)
    for first in range(0, gradients.shape[1], WORD_BITS):
        word = gradients[:, first : first + WORD_BITS]
        size = np.abs(word).sum(axis=1).astype(np.float64)
        unit = np.where(size > 0, Q7_OF_DEVIATION * word.shape[1] / np.where(size > 0, size, 1.0), 0.0).astype(
            np.float32
        )
        scaled = np.clip(word.astype(np.float32) * unit[:, None], np.float32(-127), np.float32(127))
        mantissas[:, first : first + WORD_BITS] = (scaled + np.float32(128.5)).astype(np.int64) - 128
    return mantissas


def gradient_form(exact: Array, form: str) -> Array:
    """Exact integer gradients (N, K) as a dW in "bit" or "q7" stores them."""
    return exact >= 0 if form == "bit" else word_mantissas(exact)


def in_q7(dw: View) -> tuple[Array, float]:
    """The gradients of a dW in bits or q7 as q7, int64 (N, K), and how many s their one is."""
    if dw.form.is_bits:
        return FORMATS["q7"].one * dw.signs(), 1.0
    return dw.data.astype(np.int64), DEVIATIONS


def decay_moment(
    moment: Array, gradients: Array, decay: float, micro: MicroBatch = WHOLE, state: int = 0, salt: int = 0
) -> Array:
    """Q7 m <- decay m + (1 - decay) g, to nearest; in micro-batches its part of that, dithered."""
    one, whole = FORMATS["q7"].one, 1 << DECAY_FRACTION
    left = int(rounded(decay * whole, 0.0, whole))
    kept = left if micro.first else whole
    fresh = int(rounded(float((whole - left) << SHARE_FRACTION) / micro.count, 0.0, whole << SHARE_FRACTION))
    total = moment.astype(np.int64) * kept + ((gradients * fresh) >> SHARE_FRACTION)
    if micro.count == 1:
        return (total + (whole >> 1)) >> DECAY_FRACTION
    nudges = dithers(moment.shape, FRESH, state, salt, MOMENT_STREAM) >> (STEP_FRACTION - DECAY_FRACTION)
    return np.clip((total + nudges) >> DECAY_FRACTION, -one, one)


def step_factor(rate: float, clip: float, form: str) -> int:
    """What a q7 moment is multiplied with, STEP_FRACTION bits of fraction, to move a fixed-point weight by rate m.

    `clip` is what the one of the weight's format stands for (0, as of what is not clipped: 1).
    """
    scaled = rate / (clip or 1.0) * (FORMATS[form].one / FORMATS["q7"].one) * (1 << STEP_FRACTION)
    return int(rounded(scaled, 0.0, STEP_LIMIT))


def move_weights(weights: View, moment: Array, factor: int, state: int, salt: int) -> int:
    """W <- clip(w - m factor) with dithered rounding, in place; returns how many signs changed."""
    one = FORMATS[weights.format].one
    old = weights.data.astype(np.int64)
    dither = dithers(old.shape, weights.format, state, salt)
    new = np.clip(old - ((moment * factor + dither) >> STEP_FRACTION), -one, one)
    weights.store(new)
    return int(np.count_nonzero((old >= 0) != (new >= 0)))


def slow_moment(moment: View, positive: Array, rate: float, key: int, micro: MicroBatch = WHOLE) -> Array:
    """M <- m + rate (+-one - m) with dithered rounding, for rates too small for nearest rounding; q7 or q15, stored."""
    one = FORMATS[moment.format].one
    scaled = rate * (1 << SLOW_FRACTION)
    fresh = int(rounded(scaled / micro.count, 0.0, 1 << SLOW_FRACTION))
    forgotten = int(rounded(scaled, 0.0, 1 << SLOW_FRACTION)) if micro.first else 0
    old = moment.data.astype(np.int64)
    numbers = np.arange(old.size, dtype=np.uint32)
    dither = (random_bits(numbers, key) >> np.uint32(32 - SLOW_FRACTION)).astype(np.int64).reshape(old.shape)
    pull = np.where(positive, one * fresh, -one * fresh) - old * forgotten
    new = np.clip(old + ((pull + dither) >> SLOW_FRACTION), -one, one)
    moment.store(new)
    return new
