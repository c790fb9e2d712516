"""copy: the packed bits of one buffer in another, for a reader that comes after they change."""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.work import Amount


def reference(*, x: View, y: View) -> None:
    """Y = x, both (R, K)."""
    y.data[...] = x.data


OP = Op("copy", 39, "<x:bit[R,K] >y:bit[R,K]", reference, work=Amount("R * K"))
