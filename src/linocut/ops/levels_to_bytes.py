"""levels_to_bytes: levels in planes as bytes u that count (2u - 255) / 255, which is the level itself: u = c 255 / n.

n = 2**k - 1 divides 255 for 2 and 4 bits. So gradients of weights take levels as they take bytes of an input.
"""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.levels import codes_of, given, largest
from linocut.ops.limits import U8_SCALE, together
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, first: View, second: View, third: View | None = None, fourth: View | None = None, y: View) -> None:
    """Planes (R, C), the most significant first -> y (R, C)."""
    planes = given(first, second, third, fourth)
    y.store(codes_of(planes) * (U8_SCALE // largest(len(planes))))


OP = Op(
    "levels_to_bytes",
    53,
    "<first:bit[R,C] <second:bit[R,C] <third?:bit[R,C] <fourth?:bit[R,C] >y:u8[R,C]",
    reference,
    (Rule(together("third != absent", "fourth != absent"), "levels have 2 planes or 4"),),
    Amount("R * C"),
)
