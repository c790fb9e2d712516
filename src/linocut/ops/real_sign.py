"""real_sign and gate_gradient: sgn of float activations, and the gradient that its estimator lets through.

The straight-through estimator passes where |x| <= 1 (`mask`). The piecewise quadratic one of Bi-Real Net (Liu et al.,
arXiv 1808.00278, section 3.2) multiplies with 2 - 2|x| where |x| < 1: from x itself, or from its `slope`, 1 - |x| in
255ths. With none of the three the gradient passes everywhere: mantissas become numbers.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.gradient_unit import exponent_of
from linocut.ops.limits import MANTISSA, together
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

SLOPE_ONE = 255


def sign(*, x: View, bits: View, mask: View | None, slope: View | None) -> None:
    """X (R, C) -> its signs, where |x| <= 1, and 1 - |x| to the nearest 255th (0 where |x| >= 1)."""
    bits.store(x.data >= 0)
    size = np.abs(x.data.astype(np.float32))
    if mask is not None:
        mask.store(size <= 1)
    if slope is not None:
        steep = np.floor(np.fmax(np.float32(1) - size, np.float32(0)) * np.float32(SLOPE_ONE) + np.float32(0.5))
        slope.store(steep)


def gate(
    *,
    dx: View,
    dx_exponent: View | None,
    unit: View | None = None,
    mask: View | None,
    slope: View | None,
    x: View | None,
    more: View | None = None,
    out: View,
) -> None:
    """Dx (R, C), mantissas times 2**dx_exponent -> the gradient before the gate, in its unit, plus `more`."""
    g = dx.numbers().astype(np.float32)
    if dx_exponent is not None:
        g = np.ldexp(g, int(dx_exponent.data[0]) - exponent_of(unit))
    if mask is not None:
        g = np.where(mask.bits(), g, np.float32(0))
    elif slope is not None:
        g = g * (slope.data.astype(np.float32) * np.float32(2.0 / SLOPE_ONE))
    elif x is not None:
        g = g * (np.fmax(np.float32(1) - np.abs(x.data.astype(np.float32)), np.float32(0)) * np.float32(2))
    out.store(g if more is None else g + more.data.astype(np.float32))


SIGN = Op("real_sign", 33, "<x:f16|f32[R,C] >bits:bit[R,C] >mask?:bit[R,C] >slope?:u8[R,C]", sign, work=Amount("R * C"))
GATE = Op(
    "gate_gradient",
    34,
    "<dx:i4|i8|i16|f16|f32[R,C] <dx_exponent?:i32[1] <unit?:i32[1] <mask?:bit[R,C] <slope?:u8[R,C] "
    "<x?:f16|f32[R,C] <more?:f16|f32[R,C] >out@dx+more:f16|f32[R,C]",
    gate,
    (
        Rule(
            "(mask != absent) + (slope != absent) + (x != absent) <= 1",
            "takes one of mask, slope and x at most: mask is {mask}, slope {slope}, x {x}",
        ),
        Rule("more == absent or more == out", "the gradient {out}, more {more}: they are of one format"),
        Rule("unit == absent or dx_exponent != absent", "dX {dx}: only mantissas are brought to a unit"),
        Rule(
            together(f"dx in {MANTISSA}", "dx_exponent != absent"),
            "dX {dx}: an integer gradient and an exponent go with each other",
        ),
    ),
    Amount("R * C"),
)
OPS = (SIGN, GATE)
