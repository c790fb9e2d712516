"""16-bit floats that keep small steps: rounded up or down at random, so that they are right on average.

To nearest, a number of 11 bits that moves by less than half its last bit does not move: Adam's second moment, which
gains a thousandth of what it is to reach in a step, sticks at three quarters of it, and shifts beyond 2 never move
again. The bits come from the same hash as those of fixed-point weights. The twin is native/kernels/dithered_half.hpp.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.fixed_point import MOMENT_STREAM, STEP_FRACTION, dithers

DROPPED = 13  # bits of a float that one of 16 bits has no place for
SMALLEST_NORMAL = 0x38800000  # 2**-14 as a float's bits; smaller ones are multiples of 2**-24
REBIASED = 0x38000000  # between the exponents of the two formats
LARGEST = 0x477FE000  # 65504 as a float's bits: what is larger is rounded to nearest
WEIGHT_STREAM = 0
SECOND_MOMENT_STREAM = MOMENT_STREAM


def store_dithered(to: View, values: Array, state: int, salt: int, stream: int) -> None:
    """Write values (R, K) to f16, dithered by hashes from number `stream` on; to other formats as they are."""
    if to.format != "f16":
        to.store(values)
        return
    drawn = dithers(to.data.shape, to.format, state, salt, stream) >> (STEP_FRACTION - DROPPED)
    to.data[...] = dithered(values.astype(np.float32), drawn)


def dithered(values: Array, drawn: Array) -> Array:
    """Float32 values as float16, each the lower or the upper neighbour in size, as its DROPPED random bits say."""
    bits = values.view(np.uint32).astype(np.int64)
    size = bits & 0x7FFFFFFF
    normal = (size - REBIASED + drawn) >> DROPPED
    with np.errstate(over="ignore", invalid="ignore"):
        units = np.abs(values) * np.float32(2.0**24) + drawn.astype(np.float32) * np.float32(2.0**-DROPPED)
        nearest = values.astype(np.float16).view(np.uint16) & np.uint16(0x7FFF)
        tiny = np.floor(np.where(size < SMALLEST_NORMAL, units, 0)).astype(np.int64)
    half = np.where(size < SMALLEST_NORMAL, tiny, np.where(size < LARGEST, normal, nearest))
    return (half | ((bits >> 16) & 0x8000)).astype(np.uint16).view(np.float16)
