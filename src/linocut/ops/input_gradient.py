"""input_gradient: dX = dY W^, the gradient of a layer's input.

i4 and i8 mantissas times signs sum to 32 bits exactly, and are shifted from dY's exponent to that of dX, which
gradient_exponent decided; what does not fit saturates.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.gradient_exponent import store_mantissas
from linocut.ops.limits import INTEGERS, MOST_PRODUCTS, at_most
from linocut.ops.rule import Rule
from linocut.ops.work import DENSE, OF_DENSE_GRADIENTS, Amount


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    weights: View,
    dx: View,
    dx_exponent: View | None,
    scale: View | None = None,
) -> None:
    """Dy (R, N), weights (N, K) -> dx (R, K)."""
    if dy_exponent is None or dx_exponent is None or scale is None:
        dx.store(dy.data.astype(np.float64) @ weights.signs().astype(np.float64))
        return
    total = dy.numbers().astype(np.int64) @ weights.signs()
    store_mantissas(total, dy_exponent, dx, dx_exponent, scale)


OP = Op(
    "input_gradient",
    11,
    "<dy:i4|i8|f16|f32[R,N] <dy_exponent?:i32[1] <weights:bit[N,K] >dx:i4|i8|i16|f16|f32[R,K] <dx_exponent?:i32[1] "
    "=scale?:i64[6]",
    reference,
    (
        Rule(INTEGERS, "dY {dy} and dX {dx}: integer gradients go with each other, exponents and scale"),
        at_most("N", "outputs", MOST_PRODUCTS, "use a narrower layer"),
    ),
    Amount(DENSE, OF_DENSE_GRADIENTS),
    workspace="64 if dy == i8 else 192 if dy == i4 else 128",
)
