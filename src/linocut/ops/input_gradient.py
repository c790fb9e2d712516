"""input_gradient: dX = dY W^, the gradient of a layer's input.

i8 mantissas times signs sum to 32 bits exactly; they are shifted by as much as the worst case needs to fit i16.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work

I16_BITS = 15
MOST_OUTPUTS = (2**31 - 1) // 255


def shift_for(outputs: int) -> int:
    """The right shift after which a sum of `outputs` products |p| <= 127 fits 16 bits."""
    return max(0, (127 * outputs).bit_length() - I16_BITS)


def reference(*, dy: View, dy_exponent: View | None, weights: View, dx: View, dx_exponent: View | None) -> None:
    """Dy (R, N), weights (N, K) -> dx (R, K)."""
    if dy_exponent is None or dx_exponent is None:
        dx.store(dy.data.astype(np.float64) @ weights.signs().astype(np.float64))
        return
    shift = shift_for(dy.cols)
    total = dy.data.astype(np.int64) @ weights.signs()
    dx.store(np.clip((total + ((1 << shift) >> 1)) >> shift, -32767, 32767))
    dx_exponent.data[0] = dy_exponent.data[0] + shift


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    exponents = sum(name in formats for name in ("dx_exponent", "dy_exponent"))
    integers = (formats["dy"] == "i8") + (formats["dx"] == "i16")
    if exponents != integers or exponents == 1:
        return f"dY {formats['dy']} and dX {formats['dx']}: integer gradients go with each other"
    if sizes["N"] > MOST_OUTPUTS:
        return f"{sizes['N']:,} outputs overflow 32 bits, at most {MOST_OUTPUTS:,}; use a narrower layer"
    return ""


def _work(sizes: Sizes, formats: Mapping[str, str]) -> Work:
    return Work("int8" if formats["dy"] == "i8" else "float", sizes["R"] * sizes["K"] * sizes["N"])


OP = Op(
    "input_gradient",
    11,
    "<dy:i8|f16|f32[R,N] <dy_exponent?:i32[1] <weights:bit[N,K] >dx:i16|f16|f32[R,K] >dx_exponent?:i32[1]",
    reference,
    _limits,
    _work,
)
