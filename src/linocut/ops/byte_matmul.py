"""byte_matmul: the first layer in prediction: bytes u, which count 2u - 255, times signs; sums, or their signs at once.

y is the integer of real_matmul, x^ = +1 where y >= least.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import outcome
from linocut.ops.base import Op, View
from linocut.ops.limits import MOST_BYTES, OUTCOME, U8_SCALE, at_most
from linocut.ops.packed_matmul import OPERANDS
from linocut.ops.work import BYTES, DENSE, Amount

MEND = "store Y as i32 or use a smaller input"


def reference(*, x: View, weights: View, least: View | None, bits: View | None, y: View | None) -> None:
    """X (R, K), weights (N, K), least (1, N) -> bits or y (R, N)."""
    outcome.store((2 * x.data.astype(np.int64) - U8_SCALE) @ weights.signs().T, least, bits, y)


OP = Op(
    "byte_matmul",
    62,
    "<x:u8[R,K] <weights:bit[N,K] " + OPERANDS,
    reference,
    (*OUTCOME, at_most("K", "inputs", MOST_BYTES, MEND)),
    Amount(DENSE, BYTES),
    workspace="64",
)
