"""flatten_bits: packed images whose channels do not fill whole words, packed anew as vectors; unflatten_bits: back."""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, x: View, y: View) -> None:
    """X (B, H, W, C) -> y (B, H W C), or the other way: the same bits in rows of another length."""
    y.store(x.bits().reshape(-1, y.cols))


OPS = (
    Op(
        "flatten_bits",
        35,
        "<x:bit[B,H,W,C] >y:bit[B,K]",
        reference,
        (Rule("K == H * W * C", "y has {K} bits an example, x has {H * W * C}"),),
        Amount("B * K"),
    ),
    Op(
        "unflatten_bits",
        51,
        "<x:bit[B,K] >y:bit[B,H,W,C]",
        reference,
        (Rule("K == H * W * C", "x has {K} bits an example, y has {H * W * C}"),),
        Amount("B * K"),
    ),
)
