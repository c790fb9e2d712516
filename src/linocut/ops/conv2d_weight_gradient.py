"""conv2d_weight_gradient: dW of a convolution from X and dY, in full, in q7 or only its sign (sgn(0) = +1)."""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.conv2d import add_product, numbers
from linocut.ops.fixed_point import gradient_form
from linocut.ops.limits import CONVOLUTION, MOST_PRODUCTS, SHORT, U8_SCALE, WEIGHT_GRADIENT
from linocut.ops.rule import Rule
from linocut.ops.window import taps
from linocut.ops.work import OF_GRADIENTS_AND_INPUTS, Amount


def product(
    dy: View, x: View, shape: tuple[int, ...], stride: float, pad_top: float, pad_left: float, exact: float
) -> Array:
    """dW (N, P, Q, C): exact integers where both factors are, else floats; `exact` as in conv2d, pixel after pixel.

    A byte u counts as (2u - 255) / 255 where dY is in floats, as 2u - 255 where a factor of dW does not matter.
    """
    integer = dy.form.is_integer
    wide = np.int64 if integer else np.float32 if exact else np.float64
    gradient, inputs = dy.values().astype(wide), numbers(x).astype(wide)
    total = np.zeros(shape, wide)
    pad = int(pad_top), int(pad_left)
    for tap in taps((shape[1], shape[2]), x.shape[1:3], dy.shape[1:3], int(stride), pad):
        given = gradient[tap.outputs].reshape(-1, shape[0])
        seen = inputs[tap.inputs].reshape(-1, shape[3])
        add_product(total[:, tap.row, tap.column], given.T, seen, bool(exact))
    return total * wide(1.0 / U8_SCALE) if x.format == "u8" and not integer else total


def reference(*, dy: View, x: View, dw: View, stride: float, pad_top: float, pad_left: float, exact: float) -> None:
    """Dy (B, I, J, N), x (B, H, W, C) -> dw (N, P, Q, C)."""
    total = product(dy, x, dw.shape, stride, pad_top, pad_left, exact).reshape(-1, dw.cols)
    dw.store(gradient_form(total, dw.format) if dw.format in ("bit", "q7") else total)


OP = Op(
    "conv2d_weight_gradient",
    22,
    "<dy:i4|i8|f16|f32[B,I,J,N] <x:bit|u8|f16|f32[B,H,W,C] >dw:bit|q7|f16|f32[N,P,Q,C]; stride pad_top pad_left exact",
    reference,
    (
        *WEIGHT_GRADIENT,
        Rule(
            f"dy not in {SHORT} or B * I * J <= {MOST_PRODUCTS}",
            f"{{B * I * J}} pixels of a batch overflow the sum, at most {MOST_PRODUCTS:,}; use a smaller batch",
        ),
        *CONVOLUTION,
    ),
    Amount(work.CONVOLUTION, OF_GRADIENTS_AND_INPUTS),
    workspace="458 if x == bit else 381",
)
