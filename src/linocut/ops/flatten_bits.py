"""flatten_bits: packed images whose channels do not fill whole words, packed anew as vectors."""

from __future__ import annotations

from collections.abc import Mapping

from linocut.ops.base import Op, Sizes, View, Work


def reference(*, x: View, y: View) -> None:
    """X (B, H, W, C) -> y (B, H W C)."""
    y.store(x.bits().reshape(y.shape))


def _geometry(sizes: Sizes, attributes: Mapping[str, float]) -> str:
    count = sizes["H"] * sizes["W"] * sizes["C"]
    return "" if sizes["K"] == count else f"y has {sizes['K']:,} bits an example, x has {count:,}"


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["B"] * sizes["K"])


OP = Op("flatten_bits", 35, "<x:bit[B,H,W,C] >y:bit[B,K]", reference, work=_work, geometry=_geometry)
