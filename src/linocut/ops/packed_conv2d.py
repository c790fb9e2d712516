"""packed_conv2d: a binary conv2d with weights in panels (ops/panels.py), for prediction: sums, or their signs at once.

An output's row in the panels has words(C) words for each tap, tap (p, q) being number p width + q. The attributes
height and width are the window's. Padding adds 0. x^ = +1 where y >= least.
"""

from __future__ import annotations

from linocut.ops import limits, outcome
from linocut.ops.base import Op, View
from linocut.ops.conv2d import sums
from linocut.ops.limits import MOST_BITS, OUTCOME, POOL, at_most
from linocut.ops.packed_matmul import MEND
from linocut.ops.panels import signs
from linocut.ops.work import BITS, Amount

IMAGES = "<least?:i32[1,N] >bits?:bit[B,I,J,N] >y?:i16|i32[B,I,J,N]"


def reference(
    *,
    x: View,
    panels: View,
    least: View | None,
    bits: View | None,
    y: View | None,
    stride: float,
    pad_top: float,
    pad_left: float,
    height: float,
    width: float,
) -> None:
    """X (B, H, W, C), panels (P, K, 4096), least (1, N) -> bits or y (B, I, J, N)."""
    to = outcome.outputs(bits, y)
    kernel = signs(panels.image(), to.cols, x.cols).reshape(to.cols, int(height), int(width), x.cols)
    outcome.store(sums(x, kernel, to.shape, (stride, pad_top, pad_left)), least, bits, y)


OP = Op(
    "packed_conv2d",
    61,
    "<x:bit[B,H,W,C] <panels:bit[P,K,4096] " + IMAGES + "; stride pad_top pad_left height width",
    reference,
    (
        *OUTCOME,
        *POOL,
        limits.panels("K", "height * width * words(C)"),
        at_most("height * width * C", "inputs", MOST_BITS, MEND),
    ),
    Amount("B * I * J * N * (K // words(C) * C)", BITS),
    workspace="1 + min(K, 384)",
)
