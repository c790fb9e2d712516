"""Flatten: examples of any shape as vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.formats import WORD_BITS
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import BITS, INPUT, LEVELS_2, LEVELS_4, NORMED, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.values import Bits, Given, Value, reshaped, viewed

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Flatten(Layer):
    """Any shape to one dimension: (height, width, channels) to (height * width * channels,).

    The bytes stay where they are, unless they are signs whose channels do not fill whole words: these are packed anew.
    """

    kind: ClassVar[str] = "flatten"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS, LEVELS_2, LEVELS_4, REAL, NORMED)

    def output_shape(self, shape: Shape) -> Shape:
        """One dimension."""
        return (math.prod(shape),)

    def gives(self, kind: str) -> str:
        """What it was given; floats for a norm's output."""
        return REAL if kind == NORMED else kind

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: a view under another shape. Backward: a view of the gradient under the old one."""
        given = value if isinstance(value, (Given, Bits)) else as_numbers(builder, name, value)
        batch, *sizes = builder.shape(given.buffer)
        flat = (batch, math.prod(sizes))
        if isinstance(given, Bits) and sizes[-1] % WORD_BITS and flat[1] != sizes[-1]:
            return _packed_anew(builder, name, given, flat)
        return reshaped(builder, name, given, flat)


def _packed_anew(builder: Lowering, name: str, value: Bits, flat: Shape) -> Bits:
    """Signs whose channels leave gaps in their words, one after the other; so each plane of levels."""
    shape = builder.shape(value.buffer)
    images = (flat[0], 1, flat[1] // shape[-1], shape[-1])
    packed = []
    for plane in value.planes:
        given = plane if len(shape) == len(images) else builder.view(plane, f"{name}.images", images)
        packed.append(builder.transient(f"{name}.X", roles.X, flat, "bit"))
        builder.emit("flatten_bits", {"x": given, "y": packed[-1]})
    numbers = None if value.numbers is None else builder.view(value.numbers, f"{name}.numbers", flat)
    out = Bits(packed[0], numbers, tuple(packed[1:]))

    def backward() -> None:
        value.give(builder, viewed(builder, f"{name}.dX", out.taken(), shape))

    builder.on_backward(backward)
    return out
