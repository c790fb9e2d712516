"""input_gradient: dX = dY W^, the gradient of a layer's input.

i8 mantissas times signs sum to 32 bits exactly, and are shifted to fit i16: by as much as the largest sum of the last
step needs, with head-room, or where none is known as the worst case does. What passes the head-room saturates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work
from linocut.ops.bits import Array

I16_BITS = 15
HEADROOM = 2  # bits: sums may grow fourfold from one step to the next
MOST_OUTPUTS = (2**31 - 1) // 255


def shift_for(outputs: int) -> int:
    """The right shift after which a sum of `outputs` products |p| <= 127 fits 16 bits."""
    return max(0, (127 * outputs).bit_length() - I16_BITS)


def store_mantissas(
    total: Array, outputs: int, dy_exponent: View, dx: View, dx_exponent: View, largest: View | None
) -> None:
    """Exact sums of `outputs` products, rounded to dx, with its exponent; `largest` (1) is that of all |sums|."""
    shift = shift_for(outputs)
    known = 0 if largest is None else int(largest.data[0])
    if known > 0:
        shift = min(shift, max(0, known.bit_length() + HEADROOM - I16_BITS))
    dx.store(np.clip((total + ((1 << shift) >> 1)) >> shift, -32767, 32767).reshape(-1, dx.cols))
    dx_exponent.data[0] = dy_exponent.data[0] + shift
    if largest is not None:
        largest.data[0] = np.abs(total).max()


def reference(
    *,
    dy: View,
    dy_exponent: View | None,
    weights: View,
    dx: View,
    dx_exponent: View | None,
    largest: View | None = None,
) -> None:
    """Dy (R, N), weights (N, K) -> dx (R, K)."""
    if dy_exponent is None or dx_exponent is None:
        dx.store(dy.data.astype(np.float64) @ weights.signs().astype(np.float64))
        return
    total = dy.data.astype(np.int64) @ weights.signs()
    store_mantissas(total, dy.cols, dy_exponent, dx, dx_exponent, largest)


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    exponents = sum(name in formats for name in ("dx_exponent", "dy_exponent"))
    integers = (formats["dy"] == "i8") + (formats["dx"] == "i16")
    if exponents != integers or exponents == 1:
        return f"dY {formats['dy']} and dX {formats['dx']}: integer gradients go with each other"
    if "largest" in formats and not integers:
        return "largest is kept of integer gradients only"
    if sizes["N"] > MOST_OUTPUTS:
        return f"{sizes['N']:,} outputs overflow 32 bits, at most {MOST_OUTPUTS:,}; use a narrower layer"
    return ""


def _work(sizes: Sizes, formats: Mapping[str, str]) -> Work:
    return Work("int8" if formats["dy"] == "i8" else "float", sizes["R"] * sizes["K"] * sizes["N"])


OP = Op(
    "input_gradient",
    11,
    "<dy:i8|f16|f32[R,N] <dy_exponent?:i32[1] <weights:bit[N,K] >dx:i16|f16|f32[R,K] >dx_exponent?:i32[1] "
    "=largest?:i32[1]",
    reference,
    _limits,
    _work,
)
