"""norm_gradient_sums: what the backward pass of batch norm needs of each channel before it can form an element.

With g the gradient of x, masked where a straight-through estimator (`ste` 1) or a ReLU (2) cancels it, and u its
partner: sum g; sum g
u; max|g|; and of l1 omega = mean|x| and 0, of the scaled l1 norm sum u and sum u^2. u is x^ (l1) or x - beta; where X
is bits, it is the level of x (ops/norm.py) or x^. Sums of integer gradients are exact where X is bits.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import L1, SCALED_L1, levels, parts, shift_of, total
from linocut.ops.work import Amount

QUANTITIES = 5  # sum g, sum g u, max|g|, and sum|x| and 0 or sum u and sum u^2
LARGEST = 2  # of these


EVERYWHERE, CLIPPED, RECTIFIED = 0.0, 1.0, 2.0  # where g passes: of a sign's estimator, or of a ReLU


def masked(dx: View, x: View, mask: View | None, ste: float) -> Array:
    """The gradient g (R, C) after the straight-through mask, or where x >= 0; int64 or float32."""
    g = dx.numbers().astype(np.int64 if dx.form.is_integer else np.float32)
    if ste == RECTIFIED:
        return np.where(x.bits(), g, 0)
    if ste and mask is not None:
        return np.where(mask.bits(), g, 0)
    if ste and not x.form.is_bits:
        return np.where(np.abs(x.data) <= 1, g, 0)
    return g


def partner(x: View, mask: View | None, half: View | None, beta: View | None, norm: float) -> Array:
    """What g is multiplied with: the levels or signs of bits, x^ (l1) or x - beta, (R, C)."""
    if x.form.is_bits:
        return levels(x, mask, half)
    if norm == L1:
        return np.where(x.data >= 0, np.int64(1), np.int64(-1))
    return x.data.astype(np.float32) - shift_of(beta, x.cols).astype(np.float32)


def reference(
    *,
    dx: View,
    x: View,
    mask: View | None,
    half: View | None = None,
    beta: View | None,
    omega: View | None,
    sums: View,
    work: View,
    norm: float,
    ste: float,
) -> None:
    """Dx (R, C), x (R, C) as bits or numbers -> sums (5, C)."""
    g = masked(dx, x, mask, ste)
    wide = g.astype(np.int64 if dx.form.is_integer and x.form.is_bits else np.float64)
    u = partner(x, mask, half, beta, norm).astype(wide.dtype)
    product = wide * u
    more: tuple[Array, Array] = (np.zeros_like(wide), np.zeros_like(wide))
    if norm == SCALED_L1:
        more = u, u * u
    elif norm == L1 and not x.form.is_bits and omega is None:
        more = np.abs(x.data.astype(np.float64)), more[1]
    totals, products, largest, thirds, fourths = np.split(work.data, QUANTITIES)
    for p, part in enumerate(parts(len(g), len(totals))):
        totals[p], products[p] = total(wide[part]), total(product[part])
        thirds[p], fourths[p] = (total(quantity[part]) for quantity in more)
        largest[p] = np.fmax(np.abs(wide[part]), 0).max(axis=0)  # passing over what is not a number
    sums.data[...] = [total(totals), total(products), largest.max(axis=0), total(thirds), total(fourths)]
    if norm == L1:
        sums.data[3] = sums.data[3] / len(g) if omega is None else omega.data[0]


OP = Op(
    "norm_gradient_sums",
    9,
    "<dx:i4|i8|i16|f16|f32[R,C] <x:bit|f16|f32[R,C] <mask?:bit[R,C] <half?:bit[R,C] "
    "<beta?:f16|f32[1,C] <omega?:f16|f32[1,C] >sums:f64[5,C] >work:f64[S,C]; norm ste",
    reference,
    (limits.parts(QUANTITIES), limits.RECTIFIED_BITS),
    Amount("R * C"),
)
