"""real_matmul: Y = X W^, the first layer: real inputs times sign weights.

A u8 input u means (2u - 255) / 255. The sum of (2u - 255) w is an exact integer; an integer Y keeps it as it is
(batch norm takes the factor 255 out again), a float Y divides by 255.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.limits import MOST_BYTES, U8_SCALE, at_most
from linocut.ops.rule import Rule
from linocut.ops.work import DENSE, OF_INPUTS, Amount


def reference(*, x: View, weights: View, y: View) -> None:
    """X (R, K), weights (N, K) -> y (R, N)."""
    if x.format == "u8":
        exact = (2 * x.data.astype(np.int64) - U8_SCALE) @ weights.signs().T
        y.store(exact if y.form.is_integer else exact.astype(np.float32) / np.float32(U8_SCALE))
    else:
        y.store(x.data.astype(np.float64) @ weights.signs().T.astype(np.float64))


LIMITS = (
    Rule(
        "x != f32 or y in (f16, f32)",
        "f32 inputs have no integer product; quantise them to u8, or store Y as f32 or f16",
    ),
    at_most("K", "inputs", MOST_BYTES, "store Y in a wider format, or use a smaller input", "{y}"),
)
OP = Op(
    "real_matmul",
    3,
    "<x:u8|f32[R,K] <weights:bit[N,K] >y:i16|i32|f16|f32[R,N]",
    reference,
    LIMITS,
    Amount(DENSE, OF_INPUTS),
    workspace="64",
)
