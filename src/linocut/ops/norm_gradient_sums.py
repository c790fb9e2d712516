"""norm_gradient_sums: what the backward pass of batch norm needs of each channel before it can form an element.

With g the gradient of x, masked where the straight-through estimator cancels it: sum g; sum g x^ (l1) or sum g (x -
beta) (l2); max|g|; and omega = mean|x|. Sums of integer gradients are exact.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.norm import L1, work


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
    if norm == L1:
        return np.where(x.data >= 0, np.int64(1), np.int64(-1))
    return x.data.astype(np.float32) - beta.data[0].astype(np.float32)


def reference(
    *, dx: View, x: View, mask: View | None, beta: View, omega: View | None, sums: View, norm: float, ste: float
) -> None:
    """Dx (R, C), x (R, C) as bits or numbers -> sums (4, C)."""
    g = masked(dx, x, mask, ste)
    wide = np.int64 if dx.is_integer() else np.float64
    product = g.astype(wide) * partner(x, beta, norm)
    sums.data[0] = g.sum(axis=0, dtype=wide)
    sums.data[1] = product.sum(axis=0)
    sums.data[2] = np.abs(g).max(axis=0)
    if omega is not None:
        sums.data[3] = omega.data[0]
    else:
        sums.data[3] = 0.0 if x.format == "bit" else np.abs(x.data.astype(np.float64)).mean(axis=0)


OP = Op(
    "norm_gradient_sums",
    9,
    "<dx:i16|f16|f32[R,C] <x:bit|f16|f32[R,C] <mask?:bit[R,C] <beta:f16|f32[1,C] <omega?:f16|f32[1,C] "
    ">sums:f64[4,C]; norm ste",
    reference,
    limits=lambda sizes, formats: (
        "integer gradients need X as bits; keep X as bit or dX as a float"
        if formats["dx"] == "i16" and formats["x"] != "bit"
        else ""
    ),
    work=work,
)
