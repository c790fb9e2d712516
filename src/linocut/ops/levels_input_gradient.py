"""levels_input_gradient: dX from dY and the weights of a convolution that are levels of 1, 2 or 4 bits, in planes.

dX = factor times the sum of dY times levels (ops/levels.py). Of integers the factor is one: Y = sum of levels of X
times levels of W, and X counts in units of its largest level, which the factor is. Sums are exact in 32 bits, and are
shifted as conv2d_input_gradient does it. Of floats the factor is 1 over the largest level of the weights, and comes in
last, in float32.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, View
from linocut.ops.conv2d_input_gradient import sums_of_taps
from linocut.ops.gradient_exponent import store_mantissas
from linocut.ops.levels import given, levels_of
from linocut.ops.limits import CONVOLUTION, INTEGERS, MOST_PRODUCTS, SHORT, together
from linocut.ops.rule import Rule
from linocut.ops.work import OF_GRADIENTS, Amount

MOST_FACTOR = 15
LARGEST = "(1 if second == absent else 3 if third == absent else 15)"


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    weights: View,
    second: View | None = None,
    third: View | None = None,
    fourth: View | None = None,
    dx: View,
    dx_exponent: View | None,
    scale: View | None = None,
    stride: float,
    pad_top: float,
    pad_left: float,
    exact: float,
    factor: float,
) -> None:
    """Dy (B, I, J, N), planes of weights (N, P, Q, C) -> dx (B, H, W, C); `exact` as in conv2d."""
    kernel, moves = levels_of(given(weights, second, third, fourth)), (stride, pad_top, pad_left)
    total = sums_of_taps(dy.values(), kernel, dx.shape, moves, exact=bool(exact), whole=dy_exponent is not None)
    if dy_exponent is None or dx_exponent is None or scale is None:
        dx.store(total.reshape(-1, dx.cols).astype(np.float32) * np.float32(factor))
        return
    store_mantissas(total * int(factor), dy_exponent, dx, dx_exponent, scale)


OP = Op(
    "levels_input_gradient",
    54,
    "<dy:i4|i8|f16|f32[B,I,J,N] <dy_exponent?:i32[1] <weights:bit[N,P,Q,C] <second?:bit[N,P,Q,C] "
    "<third?:bit[N,P,Q,C] <fourth?:bit[N,P,Q,C] >dx:i4|i8|i16|f16|f32[B,H,W,C] <dx_exponent?:i32[1] =scale?:i64[6]; "
    "stride pad_top pad_left exact factor",
    reference,
    (
        Rule(INTEGERS, "dY {dy}, dX {dx}: integer gradients go with each other, exponents and scale"),
        Rule(
            f"{together('third != absent', 'fourth != absent')} and (third == absent or second != absent)",
            "levels have 1, 2 or 4 planes",
        ),
        Rule(f"factor > 0 and factor <= {MOST_FACTOR}", f"factor is {{factor}}, must be above 0, up to {MOST_FACTOR}"),
        Rule(f"dy not in {SHORT} or whole(factor)", "factor is {factor}, must be whole for integer gradients"),
        Rule(
            f"N * P * Q * {LARGEST} * factor <= {MOST_PRODUCTS}",
            f"{{N * P * Q}} products of levels overflow the sum, at most {MOST_PRODUCTS:,} over levels and factor; "
            "use fewer filters or a smaller kernel",
        ),
        *CONVOLUTION,
    ),
    Amount(work.CONVOLUTION, OF_GRADIENTS),
    workspace="416",
)
