"""norm_gradient_sums: what the backward pass of batch norm needs of each channel before it can form an element.

With g the gradient of x, masked where the straight-through estimator cancels it: sum g; sum g x^ (l1) or sum g (x -
beta) (l2); max|g|; and omega = mean|x|. Sums of integer gradients are exact where X is bits.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import L2, SCALED_L1, parts, total, work, work_limits

QUANTITIES = 4  # sum g, sum g u, max|g|, and sum|x| where omega is to be found from numbers


def masked(dx: View, x: View, mask: View | None, ste: float) -> Array:
    """The gradient g (R, C) after the straight-through mask; int64 or float32."""
    g = dx.data.astype(np.int64 if dx.is_integer() else np.float32)
    if mask is not None:
        return np.where(mask.bits(), g, 0)
    if ste and x.format != "bit":
        return np.where(np.abs(x.data) <= 1, g, 0)
    return g


def partner(x: View, beta: View, norm: float) -> Array:
    """What g is multiplied with: x^ (l1) or x - beta (l2), (R, C)."""
    if x.format == "bit":
        return x.signs()
    if norm != L2:
        return np.where(x.data >= 0, np.int64(1), np.int64(-1))
    return x.data.astype(np.float32) - beta.data[0].astype(np.float32)


def reference(
    *,
    dx: View,
    x: View,
    mask: View | None,
    beta: View,
    omega: View | None,
    sums: View,
    work: View,
    norm: float,
    ste: float,
) -> None:
    """Dx (R, C), x (R, C) as bits or numbers -> sums (4, C)."""
    g = masked(dx, x, mask, ste)
    wide = g.astype(np.int64 if dx.is_integer() else np.float64)
    product = wide * partner(x, beta, norm)
    size: Array = np.zeros_like(wide)
    if x.format != "bit" and omega is None:
        size = np.abs(x.data.astype(np.float64)) if norm != SCALED_L1 else (x.data >= 0).astype(np.float64)
    totals, products, largest, sizes = np.split(work.data, QUANTITIES)
    for p, part in enumerate(parts(len(g), len(totals))):
        totals[p], products[p], sizes[p] = total(wide[part]), total(product[part]), total(size[part])
        largest[p] = np.fmax(np.abs(wide[part]), 0).max(axis=0)  # passing over what is not a number
    sums.data[...] = [
        total(totals),
        total(products),
        largest.max(axis=0),
        total(sizes) / (1 if norm == SCALED_L1 else len(g)),
    ]
    if omega is not None:
        sums.data[3] = omega.data[0]


OP = Op(
    "norm_gradient_sums",
    9,
    "<dx:i8|i16|f16|f32[R,C] <x:bit|f16|f32[R,C] <mask?:bit[R,C] <beta:f16|f32[1,C] <omega?:f16|f32[1,C] "
    ">sums:f64[4,C] >work:f64[S,C]; norm ste",
    reference,
    work_limits(QUANTITIES, "dx"),
    work,
)
