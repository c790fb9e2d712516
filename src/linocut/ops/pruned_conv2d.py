"""pruned_conv2d: a binary convolution of which only kept words are multiplied (ops/keep_words.py); padding adds 0.

The lists may change from step to step: they are data. A place that no word has is taken as the last. In prediction the
sums are compared with thresholds at once, as in packed_conv2d: x^ = +1 where y >= least.
"""

from __future__ import annotations

from linocut.ops import outcome
from linocut.ops.base import Op, View
from linocut.ops.conv2d import sums
from linocut.ops.keep_words import PARTS, ternary
from linocut.ops.limits import CONVOLUTION, MOST_BITS, OUTCOME, at_most
from linocut.ops.rule import Rule
from linocut.ops.work import BITS, Amount

# Words of all taps of some pixels, and what outputs begin at on each border, in KiB; the native core gives no more.
WORKSPACE = "40 + P * Q * (words(C) + 1) // 3 + (P * Q + 80) * N // 200 + words(C) // 64"
MOST_WORKSPACE = 4096


def reference(
    *,
    x: View,
    ends: View,
    least: View | None,
    bits: View | None,
    y: View | None,
    places: View,
    signs: View,
    lanes: View,
    kept: View,
    stride: float,
    pad_top: float,
    pad_left: float,
    parts: float,
    packed: float,
) -> None:
    """X (B, H, W, C), lists of N outputs, kept (P, Q, C) -> bits or y (B, I, J, N)."""
    to = outcome.outputs(bits, y)
    found = signs.data[:, 0], lanes.data[:, 0], kept.bits().reshape(kept.shape)
    kernel = ternary(ends.data, places.data, *found, int(parts), bool(packed))
    outcome.store(sums(x, kernel, to.shape, (stride, pad_top, pad_left)), least, bits, y)


OP = Op(
    "pruned_conv2d",
    121,
    "<x:bit[B,H,W,C] <ends:i32[N] <least?:i32[1,N] >bits?:bit[B,I,J,N] >y?:i16|i32|f16|f32[B,I,J,N] <places:i32[K] "
    "<signs:bit[K,64] <lanes:bit[K,64] <kept:bit[P,Q,C]; stride pad_top pad_left parts packed",
    reference,
    (
        *PARTS,
        *OUTCOME,
        at_most("P * Q * C", "inputs", MOST_BITS, "store Y in a wider format or use a smaller window"),
        Rule(
            f"{WORKSPACE} <= {MOST_WORKSPACE}",
            "{N} outputs over {P * Q} taps of {C} inputs pass what a thread works in; use fewer filters or a smaller "
            "window, or prune by channel",
        ),
        *CONVOLUTION,
    ),
    Amount("B * I * J * K * 64", BITS),
    workspace=WORKSPACE,
)
