"""flatten_bits: packed images whose channels do not fill whole words, packed anew as vectors."""

from __future__ import annotations

from linocut.ops.base import Op, Sizes, View, Work
from linocut.ops.rule import Rule


def reference(*, x: View, y: View) -> None:
    """X (B, H, W, C) -> y (B, H W C)."""
    y.store(x.bits().reshape(y.shape))


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["B"] * sizes["K"])


OP = Op(
    "flatten_bits",
    35,
    "<x:bit[B,H,W,C] >y:bit[B,K]",
    reference,
    (Rule("K == H * W * C", "y has {K} bits an example, x has {H * W * C}"),),
    _work,
)
