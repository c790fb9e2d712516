"""real_matmul: Y = X W^, the first layer: real inputs times sign weights.

A u8 input u means (2u - 255) / 255. The sum of (2u - 255) w is an exact integer; an integer Y keeps it as it is
(batch norm takes the factor 255 out again), a float Y divides by 255.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work

U8_SCALE = 255
MOST_NARROW_INPUTS = (2**15 - 1) // U8_SCALE
MOST_INPUTS = (2**31 - 1) // (2 * U8_SCALE)


def reference(*, x: View, weights: View, y: View) -> None:
    """X (R, K), weights (N, K) -> y (R, N)."""
    if x.format == "u8":
        exact = (2 * x.data.astype(np.int64) - U8_SCALE) @ weights.signs().T
        y.store(exact if y.is_integer() else exact.astype(np.float32) / np.float32(U8_SCALE))
    else:
        y.store(x.data.astype(np.float64) @ weights.signs().T.astype(np.float64))


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    if formats["x"] == "f32" and formats["y"] in ("i16", "i32"):
        return "f32 inputs have no integer product; quantise them to u8, or store Y as f32 or f16"
    if formats["y"] == "i16" and sizes["K"] > MOST_NARROW_INPUTS:
        return f"{sizes['K']:,} u8 inputs overflow i16, at most {MOST_NARROW_INPUTS}; store Y as i32"
    if sizes["K"] > MOST_INPUTS:
        return f"{sizes['K']:,} inputs overflow 32 bits, at most {MOST_INPUTS:,}; use a smaller input"
    return ""


def _work(sizes: Sizes, formats: Mapping[str, str]) -> Work:
    return Work("int8" if formats["x"] == "u8" else "float", sizes["R"] * sizes["K"] * sizes["N"])


OP = Op("real_matmul", 3, "<x:u8|f32[R,K] <weights:bit[N,K] >y:i16|i32|f16|f32[R,N]", reference, _limits, _work)
