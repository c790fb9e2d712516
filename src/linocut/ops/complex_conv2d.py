"""complex_conv2d: Y = X * W in complex numbers whose parts are bits, over images; padding adds 0.

Channels are [re | im], weights (outputs, rows, columns, [wr | wi]), y all real parts, then all imaginary ones. Of (+-1
+- i)(+-1 +- i) one part is 0 and the other +-2: two counts of bits for n numbers do what four of products of parts do.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, View
from linocut.ops.complex_block import blocked_floats
from linocut.ops.conv2d import sums
from linocut.ops.limits import CONVOLUTION, MOST_BITS, at_most
from linocut.ops.rule import Rule
from linocut.ops.work import BITS, Amount


def reference(*, x: View, weights: View, y: View, stride: float, pad_top: float, pad_left: float) -> None:
    """X (B, H, W, C), weights (N, P, Q, C) -> y (B, I, J, 2 N)."""
    rows = blocked_floats(weights.values().astype(np.int64))
    total = sums(x, rows, y.shape, (stride, pad_top, pad_left))
    y.store(total.reshape(-1, y.cols))


OP = Op(
    "complex_conv2d",
    119,
    "<x:bit[B,H,W,C] <weights:bit[N,P,Q,C] >y:i16|i32|f16|f32[B,I,J,K]; stride pad_top pad_left",
    reference,
    (
        Rule("C % 2 == 0", "{C} channels are no pairs of real and imaginary parts; take an even number"),
        Rule("K == 2 * N", "y has {K} channels, must have two for each of {N} outputs"),
        at_most("P * Q * C", "inputs", MOST_BITS, "store Y in a wider format or use a smaller window", "{y}"),
        *CONVOLUTION,
    ),
    Amount(f"2 * {work.CONVOLUTION}", BITS),
    workspace="540",
)
