"""conv2d_input_gradient: dX from dY and the weights of a convolution.

i4 and i8 mantissas times signs sum to 32 bits exactly, and are shifted as input_gradient does it.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.conv2d import add_product
from linocut.ops.gradient_exponent import store_mantissas
from linocut.ops.limits import CONVOLUTION, INTEGERS, MOST_PRODUCTS, SHORT, at_most
from linocut.ops.rule import Rule
from linocut.ops.window import taps
from linocut.ops.work import OF_GRADIENTS, Amount


def sums_of_taps(
    gradient: Array,
    kernel: Array,
    shape: tuple[int, ...],
    moves: tuple[float, float, float],
    *,
    exact: bool,
    whole: bool,
) -> Array:
    """Dy (B, I, J, N), weights (N, P, Q, C) -> sums of `shape` (B, H, W, C), taps in order, then outputs.

    `moves` are stride and padding; sums are int64 of `whole` numbers, else float32 where `exact`, else float64.
    """
    wide = np.int64 if whole else np.float32 if exact else np.float64
    gradient, kernel = gradient.astype(wide), kernel.astype(wide)
    total = np.zeros(shape, wide)
    stride, *pad = map(int, moves)
    for tap in taps(kernel.shape[1:3], shape[1:3], gradient.shape[1:3], stride, (pad[0], pad[1])):
        add_product(total[tap.inputs], gradient[tap.outputs], kernel[:, tap.row, tap.column], exact)
    return total


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    weights: View,
    dx: View,
    dx_exponent: View | None,
    scale: View | None = None,
    stride: float,
    pad_top: float,
    pad_left: float,
    exact: float,
) -> None:
    """Dy (B, I, J, N), weights (N, P, Q, C) -> dx (B, H, W, C); `exact` as in conv2d: taps in order, then outputs."""
    moves = stride, pad_top, pad_left
    total = sums_of_taps(
        dy.values(), weights.values(), dx.shape, moves, exact=bool(exact), whole=dy_exponent is not None
    )
    if dy_exponent is None or dx_exponent is None or scale is None:
        dx.store(total.reshape(-1, dx.cols))
        return
    store_mantissas(total, dy_exponent, dx, dx_exponent, scale)


OP = Op(
    "conv2d_input_gradient",
    21,
    "<dy:i4|i8|f16|f32[B,I,J,N] <dy_exponent?:i32[1] <weights:bit|f16|f32[N,P,Q,C] >dx:i4|i8|i16|f16|f32[B,H,W,C] "
    "<dx_exponent?:i32[1] =scale?:i64[6]; stride pad_top pad_left exact",
    reference,
    (
        Rule(
            f"{INTEGERS} and (dy not in {SHORT} or weights == bit)",
            "dY {dy}, dX {dx}, weights {weights}: integer gradients go with each other, exponents, scale and bits",
        ),
        at_most("N * P * Q", "products", MOST_PRODUCTS, "use fewer filters or a smaller kernel"),
        *CONVOLUTION,
    ),
    Amount(work.CONVOLUTION, OF_GRADIENTS),
    workspace="434",
)
