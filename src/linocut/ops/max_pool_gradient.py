"""max_pool_gradient: each output's gradient goes to the input that was the largest.

Where windows overlap an input may gather several: integers are then shifted right, by as much as the worst case needs.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.gradient_exponent import stored
from linocut.ops.limits import MANTISSA, POOL, at_most, together
from linocut.ops.max_pool import PLANES, POOL_ATTRIBUTES, chosen
from linocut.ops.rule import Rule
from linocut.ops.window import taps
from linocut.ops.work import Amount

MOST_OVERLAP = 2**16  # windows that share an input: a sum of that many 16-bit integers fits 32 bits

SHARED = "(height + stride - 1) // stride * ((width + stride - 1) // stride)"  # overlap, in a rule


def overlap(height: int, width: int, stride: int) -> int:
    """How many windows share an input, at most."""
    return -(-height // stride) * -(-width // stride)


def shift_for(height: int, width: int, stride: int) -> int:
    """The right shift after which a sum over all windows that share an input fits the format of one of them."""
    return (overlap(height, width, stride) - 1).bit_length()


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    index: View,
    dx: View,
    dx_exponent: View | None,
    height: float,
    width: float,
    stride: float,
    pad_top: float,
    pad_left: float,
) -> None:
    """Dy (B, I, J, C), index (B, I, J, L, C) -> dx (B, H, W, C); floats are summed in f32, taps from the last."""
    integer = dy.form.is_integer
    gradient, came_from = dy.values().astype(np.int64 if integer else np.float32), chosen(index)
    total = np.zeros(dx.shape, gradient.dtype)
    window, pad = (int(height), int(width)), (int(pad_top), int(pad_left))
    for tap in reversed(list(taps(window, dx.shape[1:3], dy.shape[1:3], int(stride), pad))):
        here = came_from[tap.outputs] == tap.row * window[1] + tap.column
        total[tap.inputs] += np.where(here, gradient[tap.outputs], gradient.dtype.type(0))
    if integer:
        shift = shift_for(int(height), int(width), int(stride))
        total, _, _ = stored(2 * total >> shift, dx.format)
        if dx_exponent is not None and dy_exponent is not None:
            dx_exponent.data[0] = dy_exponent.data[0] + shift
    dx.store(total.reshape(-1, dx.cols))


OP = Op(
    "max_pool_gradient",
    27,
    "<dy:i4|i8|i16|f16|f32[B,I,J,C] <dy_exponent?:i32[1] <index:bit[B,I,J,L,C] >dx:i4|i8|i16|f16|f32[B,H,W,C] "
    ">dx_exponent?:i32[1]; " + POOL_ATTRIBUTES,
    reference,
    (
        Rule("dx == dy", "dY {dy} and dX {dx} must have the same format"),
        Rule(
            together(f"dy in {MANTISSA}", "dy_exponent != absent", "dx_exponent != absent"),
            "dY {dy}, exponents of dY {dy_exponent} and of dX {dx_exponent}: integers have two, floats none",
        ),
        *POOL,
        PLANES,
        at_most(SHARED, "windows that share an input", MOST_OVERLAP, "use a larger stride"),
    ),
    Amount("B * H * W * C"),
)
