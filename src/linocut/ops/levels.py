"""Levels of k bits, in k planes of packed bits: what the instructions of quantised layers share.

q_k(x) = 2 (round((2**k - 1) (x + 1) / 2) / (2**k - 1) - 1/2) of x within [-1, 1]: one of 2**k numbers in equal steps
from -1 to 1 (Zhou et al., arXiv 1606.06160; Chakraborty et al., arXiv 1906.01493). A code c, 0 to 2**k - 1, stands for
the level 2c - (2**k - 1), an odd integer, and for that over 2**k - 1 as a number. Plane j, counted from the most
significant bit, has bit k - 1 - j of the codes. With signs p = -1 and +1 for its bits, a level is the sum of 2**(k - 1
- j) p: so a product of k-bit and k'-bit levels is k k' products of signs, weighted by powers of two. The first plane
is sgn(x).

Where two levels are as near, the code is even (in exact arithmetic): sgn(0) = +1 of 2 bits and
of 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linocut.ops.base import View
from linocut.ops.bits import Array, unpack

BITS = 2, 4  # of levels in planes; of one bit they are signs
PLANES = "first", "second", "third", "fourth"  # the operands of an instruction, most significant first


def largest(bits: int) -> int:
    """The largest level, 2**bits - 1; also how many boundaries there are between levels."""
    return 2**bits - 1


def boundaries(bits: int, one: float = 1.0) -> Array:
    """Where one level ends and the next begins, rising, float64: code c + 1 is from boundary c on.

    `one` counts as 1.
    """
    n = largest(bits)
    return (2.0 * np.arange(1, n + 1) - (n + 1)) * one / n


def includes(code: int) -> bool:
    """Whether the boundary between `code` and the next is the next's: the even one of two as near."""
    return code % 2 == 1


def whole_boundaries(bits: int, one: float) -> Array:
    """Of integers of which `one` stands for 1: the least of each code above 0, int64."""
    bounds = boundaries(bits, one)
    return np.array([np.ceil(b) if includes(code) else np.floor(b) + 1 for code, b in enumerate(bounds)], np.int64)


def float_boundaries(bits: int, one: float = 1.0) -> Array:
    """Of floats: the least float32 of each code above 0. None but 0 is a float itself, so that there is no tie."""
    bounds = boundaries(bits, one)
    near = bounds.astype(np.float32)
    return np.where(near.astype(np.float64) >= bounds, near, np.nextafter(near, np.float32(2)))


def levels_of_planes(planes: Array, cols: int) -> Array:
    """Packed planes (bits, ..., words) as levels, int64 (..., cols)."""
    levels = np.zeros((*planes.shape[1:-1], cols), np.int64)
    for plane in planes:
        levels = 2 * levels + np.where(unpack(plane, cols), 1, -1)
    return levels


def store_codes(codes: Array, planes: Sequence[View]) -> None:
    """Codes (R, C) -> their bits in planes, the most significant first."""
    for place, plane in enumerate(reversed(planes)):
        plane.store((codes >> place & 1).astype(bool))


def given(*planes: View | None) -> list[View]:
    """Those of the planes that there are."""
    return [plane for plane in planes if plane is not None]


def codes_of(planes: Sequence[View]) -> Array:
    """The codes, int64 (R, C)."""
    codes = np.zeros(planes[0].bits().shape, np.int64)
    for plane in planes:
        codes = 2 * codes + plane.bits()
    return codes


def levels_of(planes: Sequence[View]) -> Array:
    """The levels in the planes' own dimensions, int64; of one plane its signs."""
    levels = np.zeros(planes[0].values().shape, np.int64)
    for plane in planes:
        levels = 2 * levels + plane.values()
    return levels
