"""byte_conv2d: the first convolution in prediction: bytes u, which count 2u - 255, times signs; or the sums' signs.

y is the integer of conv2d, x^ = +1 where y >= least. Padding adds 0.
"""

from __future__ import annotations

from linocut.ops import outcome, work
from linocut.ops.base import Op, View
from linocut.ops.byte_matmul import MEND
from linocut.ops.conv2d import sums
from linocut.ops.limits import CONVOLUTION, MOST_BYTES, OUTCOME, at_most
from linocut.ops.packed_conv2d import IMAGES
from linocut.ops.window import ATTRIBUTES
from linocut.ops.work import BYTES, Amount


def reference(
    *,
    x: View,
    weights: View,
    least: View | None,
    bits: View | None,
    y: View | None,
    stride: float,
    pad_top: float,
    pad_left: float,
) -> None:
    """X (B, H, W, C), weights (N, P, Q, C), least (1, N) -> bits or y (B, I, J, N)."""
    shape = outcome.outputs(bits, y).shape
    outcome.store(sums(x, weights.values(), shape, (stride, pad_top, pad_left)), least, bits, y)


OP = Op(
    "byte_conv2d",
    63,
    "<x:u8[B,H,W,C] <weights:bit[N,P,Q,C] " + IMAGES + f"; {ATTRIBUTES}",
    reference,
    (*OUTCOME, at_most("P * Q * C", "inputs", MOST_BYTES, MEND), *CONVOLUTION),
    Amount(work.CONVOLUTION, BYTES),
    workspace="391",
)
