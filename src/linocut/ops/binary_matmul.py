"""binary_matmul: Y = X^ W^, a product of sign matrices by XNOR and popcount.

y = K - 2 popcount(x ^ w), exact but for rounding to a 16-bit float beyond 2048. Source: arXiv 1602.02830.
"""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.limits import MOST_BITS, at_most
from linocut.ops.work import BITS, DENSE, Amount


def reference(*, x: View, weights: View, y: View) -> None:
    """X (R, K), weights (N, K) -> y (R, N)."""
    y.store(x.signs() @ weights.signs().T)


OP = Op(
    "binary_matmul",
    2,
    "<x:bit[R,K] <weights:bit[N,K] >y:i16|i32|f16|f32[R,N]",
    reference,
    (at_most("K", "inputs", MOST_BITS, "store Y in a wider format", "{y}"),),
    Amount(DENSE, BITS),
    workspace="96",
)
