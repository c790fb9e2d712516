"""pruned_input_gradient: conv2d_input_gradient of binary weights of which some are 0.

What is pruned is the same in rows of weights that are a multiple of `pruned`'s apart, as in keep_words.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, View
from linocut.ops.conv2d_input_gradient import sums_of_taps
from linocut.ops.gradient_exponent import store_mantissas
from linocut.ops.limits import CONVOLUTION, INTEGERS, MOST_PRODUCTS, at_most
from linocut.ops.rule import Rule
from linocut.ops.work import OF_GRADIENTS, Amount


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    weights: View,
    dx: View,
    dx_exponent: View | None,
    scale: View | None = None,
    pruned: View,
    stride: float,
    pad_top: float,
    pad_left: float,
    exact: float,
) -> None:
    """Dy (B, I, J, N), weights (N, P, Q, C), pruned (O, P, Q, C) -> dx (B, H, W, C); taps in order, then outputs."""
    kept = pruned.values() < 0
    kernel = weights.values() * np.tile(kept, (weights.shape[0] // len(kept), 1, 1, 1))
    moves = stride, pad_top, pad_left
    total = sums_of_taps(dy.values(), kernel, dx.shape, moves, exact=bool(exact), whole=dy_exponent is not None)
    if dy_exponent is None or dx_exponent is None or scale is None:
        dx.store(total.reshape(-1, dx.cols))
        return
    store_mantissas(total, dy_exponent, dx, dx_exponent, scale)


OP = Op(
    "pruned_input_gradient",
    122,
    "<dy:i4|i8|f16|f32[B,I,J,N] <dy_exponent?:i32[1] <weights:bit[N,P,Q,C] >dx:i4|i8|i16|f16|f32[B,H,W,C] "
    "<dx_exponent?:i32[1] =scale?:i64[6] <pruned:bit[O,P,Q,C]; stride pad_top pad_left exact",
    reference,
    (
        Rule(INTEGERS, "dY {dy}, dX {dx}: integer gradients go with each other, exponents and scale"),
        Rule("N % O == 0", "pruned has {O} rows, must have a divisor of {N} outputs"),
        at_most("N * P * Q", "products", MOST_PRODUCTS, "use fewer filters or a smaller kernel"),
        *CONVOLUTION,
    ),
    Amount(work.CONVOLUTION, OF_GRADIENTS),
    workspace="448",
)
