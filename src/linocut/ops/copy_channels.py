"""copy_channels: some channels of one buffer in another: concatenation, slices, and the gradients of both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work


def reference(*, x: View, y: View, begin: float, at: float, count: float, fresh: float) -> None:
    """Channels [begin, begin + count) of x (R, C) -> channels [at, at + count) of y (R, D).

    The other channels of y become 0 where `fresh` is 1, whatever the buffer held, and stay where it is 0.
    """
    taken = slice(int(begin), int(begin + count))
    placed = slice(int(at), int(at + count))
    packed = x.format == "bit"
    given, values = (x.bits(), y.bits()) if packed else (x.data, y.data.copy())
    if fresh:
        values = np.zeros_like(values)
    values[:, placed] = given[:, taken]
    y.store(values)


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    if formats["x"] != formats["y"]:
        return f"x {formats['x']} and y {formats['y']} must have the same format"
    return ""


def _geometry(sizes: Sizes, attributes: Mapping[str, float]) -> str:
    count, fresh = attributes["count"], attributes["fresh"]
    most = min(sizes["C"], sizes["D"])
    if not (float(count).is_integer() and 1 <= count <= most):
        return f"count is {count:g}, must be a whole number from 1 to {most}, the channels of x and of y"
    for name, channels in (("begin", sizes["C"]), ("at", sizes["D"])):
        first, last = attributes[name], channels - count
        if not (float(first).is_integer() and 0 <= first <= last):
            return f"{name} is {first:g}, must be a whole number from 0 to {last:g}: {count:g} of {channels} channels"
    return "" if fresh in (0.0, 1.0) else f"fresh is {fresh:g}, must be 0 or 1"


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["R"] * sizes["D"])


OP = Op(
    "copy_channels",
    47,
    "<x:bit|u8|i8|i16|f16|f32[R,C] =y:bit|u8|i8|i16|f16|f32[R,D]; begin at count fresh",
    reference,
    _limits,
    _work,
    _geometry,
)
