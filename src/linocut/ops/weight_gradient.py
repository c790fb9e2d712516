"""weight_gradient: dW = X^T dY, in full, in q7 or only its sign (sgn(0) = +1).

The gradient of a u8 input counts u as (2u - 255) / 255; signs and q7 need no such factor.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.fixed_point import gradient_form
from linocut.ops.limits import I32_MAX, MOST_PRODUCTS, SHORT, U8_SCALE, WEIGHT_GRADIENT
from linocut.ops.rule import Rule
from linocut.ops.work import DENSE, OF_DENSE_GRADIENTS, Amount

MOST_ROWS = f"({I32_MAX // (127 * 2 * U8_SCALE)} if x == u8 else {MOST_PRODUCTS})"  # that an integer dY is summed over


def product(dy: View, x: View) -> Array:
    """dY^T X (N, K): exact integers where both are, else float64."""
    if x.form.is_bits:
        inputs = x.signs()
    elif x.format == "u8":
        inputs = 2 * x.data.astype(np.int64) - U8_SCALE
    else:
        inputs = x.data.astype(np.float64)
    if dy.form.is_integer:
        return dy.numbers().astype(np.int64).T @ inputs
    scale = 1.0 / U8_SCALE if x.format == "u8" else 1.0
    return (dy.data.astype(np.float64).T @ inputs.astype(np.float64)) * scale


def reference(*, dy: View, x: View, dw: View) -> None:
    """Dy (R, N), x (R, K) -> dw (N, K)."""
    exact = product(dy, x)
    dw.store(gradient_form(exact, dw.format) if dw.format in ("bit", "q7") else exact)


OP = Op(
    "weight_gradient",
    12,
    "<dy:i4|i8|f16|f32[R,N] <x:bit|u8|f16|f32[R,K] >dw:bit|q7|f16|f32[N,K]",
    reference,
    (
        *WEIGHT_GRADIENT,
        Rule(
            f"dy not in {SHORT} or R <= {MOST_ROWS}",
            f"{{R}} rows of {{x}} overflow the sum, at most {{{MOST_ROWS}}}; use a smaller batch",
        ),
    ),
    Amount(DENSE, OF_DENSE_GRADIENTS),
    workspace="96 if dy in (i4, i8) else 128",
)
