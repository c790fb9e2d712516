"""gradient_exponent: which power of two the integer mantissas of dX are in, from how those of the last step came out.

The sums that dX is made of are exact; stored are `bits` of them and a sign. What counts is that few saturate and that
no more is lost than need be, so the exponent follows the rate of overflow, as in dynamic fixed point (Courbariaux et
al., arXiv 1412.7024, section 5): one more where too many saturated, one less where even half the range would have held
nearly all. In the first step nothing is known, and the worst case fits.

`scale`, int64 (6), is the memory of one dX. The first three are what was decided: whether anything was, the exponent,
the shift from dY's exponent to it. The others are what the input gradients of this step see: the largest |sum|, how
many mantissas saturate, and how many pass half the range.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.control import SATURATIONS
from linocut.ops.nibbles import MOST, nearest_levels

QUANTITIES = 6
KNOWN, EXPONENT, SHIFT, LARGEST, SATURATED, NEAR = range(QUANTITIES)
MOST_SHIFT = 30
# Of a mantissa, beside its sign; i4 stands for integers of 5, up to MOST.
BITS = {"i4": 5, "i8": 7, "i16": 15}
RARE = {5: 256, 7: 8192, 15: 8192}  # one in so many mantissas of so many bits may saturate


def shift_for(largest: int, bits: int) -> int:
    """The right shift after which a sum of this size fits."""
    return max(0, largest.bit_length() - bits)


def reference(
    *,
    dy_exponent: View,
    dx_exponent: View,
    scale: View,
    counters: View,
    products: float,
    elements: float,
    bits: float,
    dy_bits: float,
) -> None:
    """Exponent of dY -> exponent of dX, whose `elements` are sums of at most `products` mantissas of dY."""
    dy, state, width = int(dy_exponent.data[0]), scale.data, int(bits)
    counters.data[SATURATIONS] += state[SATURATED]
    worst = shift_for((2 ** int(dy_bits) - 1) * int(products), width)
    shift = worst
    if state[KNOWN]:
        shift = min(max(_wanted(state, int(elements), width) - dy, 0), worst)
    begin_step(state, dy + shift, shift)
    dx_exponent.data[0] = dy + shift


def overflow_trend(state: Array, elements: int, bits: int) -> int:
    """1 where too many of the last step's elements saturated, -1 where half the range would have done, else 0."""
    few = elements // RARE[bits]
    return 1 if state[SATURATED] > few else -1 if state[NEAR] <= few else 0


def begin_step(state: Array, exponent: int, shift: int) -> None:
    """Keep what was decided; nothing is noted yet."""
    state[:] = (1, exponent, shift, 0, 0, 0)


def _wanted(state: Array, elements: int, bits: int) -> int:
    """The exponent that would have suited the last step."""
    exponent, largest, trend = int(state[EXPONENT]), int(state[LARGEST]), overflow_trend(state, elements, bits)
    if trend < 0:
        return exponent if largest == 0 else min(exponent - 1, exponent - int(state[SHIFT]) + shift_for(largest, bits))
    return exponent + trend


def store_mantissas(total: Array, dy_exponent: View, dx: View, dx_exponent: View, scale: View) -> None:
    """Exact sums, shifted from dY's exponent to that of dx and rounded; `scale` notes how they come out."""
    shift = min(max(int(dx_exponent.data[0]) - int(dy_exponent.data[0]), 0), MOST_SHIFT)
    mantissas, saturated, near = stored(2 * total >> shift, dx.format)
    scale.data[LARGEST] = max(int(scale.data[LARGEST]), int(np.abs(total).max()))
    scale.data[SATURATED] += saturated
    scale.data[NEAR] += near
    dx.store(mantissas.reshape(-1, dx.cols))


def stored(halves: Array, form: str) -> tuple[Array, int, int]:
    """Of numbers as floor(2 x): to the nearest that the format has, how many saturate, how many pass half the range.

    Halves are rounded up; between levels of i4, to the larger.
    """
    if form == "i4":
        sizes = np.abs(halves)
        return nearest_levels(halves), _above(sizes, 2 * MOST), _above(sizes, MOST)
    limit = 2 ** BITS[form] - 1
    mantissas = (halves + 1) >> 1
    sizes = np.abs(mantissas)
    return np.clip(mantissas, -limit, limit), _above(sizes, limit), _above(sizes, limit // 2)


def _above(sizes: Array, limit: int) -> int:
    return int(np.count_nonzero(sizes > limit))


OP = Op(
    "gradient_exponent",
    38,
    "<dy_exponent:i32[1] >dx_exponent:i32[1] =scale:i64[6] =counters:i64[4]; products elements bits dy_bits",
    reference,
)
