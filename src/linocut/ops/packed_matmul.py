"""packed_matmul: binary_matmul with weights in panels (ops/panels.py), for prediction: sums, or their signs at once.

y = K - 2 popcount(x ^ w), x^ = +1 where y >= least; the integers of binary_matmul and the signs of norm_sign.
"""

from __future__ import annotations

from linocut.ops import limits, outcome
from linocut.ops.base import Op, View
from linocut.ops.limits import MOST_BITS, OUTCOME, at_most
from linocut.ops.panels import signs
from linocut.ops.work import BITS, DENSE, Amount

MEND = "store Y as i32 or use a smaller layer"
OPERANDS = "<least?:i32[1,N] >bits?:bit[R,N] >y?:i16|i32[R,N]"


def reference(*, x: View, panels: View, least: View | None, bits: View | None, y: View | None) -> None:
    """X (R, K), panels (P, W, 4096), least (1, N) -> bits or y (R, N)."""
    weights = signs(panels.image(), outcome.outputs(bits, y).cols, x.cols)
    outcome.store(x.signs() @ weights[:, 0].T, least, bits, y)


OP = Op(
    "packed_matmul",
    60,
    "<x:bit[R,K] <panels:bit[P,W,4096] " + OPERANDS,
    reference,
    (*OUTCOME, at_most("K", "inputs", MOST_BITS, MEND), limits.panels("W", "words(K)")),
    Amount(DENSE, BITS),
    workspace="1 + min(W, 384)",
)
