"""copy: the packed bits of one buffer in another, for a reader that comes after they change."""

from __future__ import annotations

from linocut.ops.base import Op, Sizes, View, Work


def reference(*, x: View, y: View) -> None:
    """Y = x, both (R, K)."""
    y.data[...] = x.data


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["R"] * sizes["K"])


OP = Op("copy", 39, "<x:bit[R,K] >y:bit[R,K]", reference, work=_work)
