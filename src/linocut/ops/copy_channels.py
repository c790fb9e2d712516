"""copy_channels: some channels of one buffer in another: concatenation, slices, and the gradients of both."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, x: View, y: View, begin: float, at: float, count: float, fresh: float) -> None:
    """Channels [begin, begin + count) of x (R, C) -> channels [at, at + count) of y (R, D).

    The other channels of y become 0 where `fresh` is 1, whatever the buffer held, and stay where it is 0.
    """
    taken = slice(int(begin), int(begin + count))
    placed = slice(int(at), int(at + count))
    packed = x.form.is_bits
    given, values = (x.bits(), y.bits()) if packed else (x.numbers(), y.numbers().copy())
    if fresh:
        values = np.zeros_like(values)
    values[:, placed] = given[:, taken]
    y.store(values)


OP = Op(
    "copy_channels",
    47,
    "<x:bit|u8|i4|i8|i16|f16|f32[R,C] =y:bit|u8|i4|i8|i16|f16|f32[R,D]; begin at count fresh",
    reference,
    (
        Rule("x == y", "x {x} and y {y} must have the same format"),
        Rule(
            "whole(count) and 1 <= count <= min(C, D)",
            "count is {count}, must be a whole number from 1 to {min(C, D)}, the channels of x and of y",
        ),
        *(
            Rule(
                f"whole({first}) and 0 <= {first} <= {channels} - count",
                f"{first} is {{{first}}}, must be a whole number from 0 to {{{channels} - count}}: {{count}} of "
                f"{{{channels}}} channels",
            )
            for first, channels in (("begin", "C"), ("at", "D"))
        ),
    ),
    Amount("R * D"),
)
