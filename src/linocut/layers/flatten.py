"""Flatten: images as vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.formats import WORD_BITS
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import BITS, INPUT, REAL
from linocut.layers.values import Bits, Given, Gradient, Real, Value

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class Flatten(Layer):
    """(height, width, channels) to (height * width * channels,).

    The bytes stay where they are, unless they are signs whose channels do not fill whole words: these are packed anew.
    """

    kind: ClassVar[str] = "flatten"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS, REAL)

    def output_shape(self, shape: Shape) -> Shape:
        """One dimension."""
        return (math.prod(shape),)

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: a view under another shape. Backward: a view of the gradient under the image's."""
        assert isinstance(value, (Given, Bits, Real))
        name, shape = place.name, builder.shape(value.buffer)
        flat = (shape[0], math.prod(shape[1:]))
        if isinstance(value, Given):
            return Given(builder.view(value.buffer, f"{name}.view", flat))
        out = _flat(builder, name, value, flat)

        def backward() -> None:
            gradient = out.taken()
            value.give(builder, Gradient(builder.view(gradient.buffer, f"{name}.dX", shape), gradient.exponent))

        builder.on_backward(backward)
        return out


def _flat(builder: Builder, name: str, value: Bits | Real, flat: tuple[int, ...]) -> Bits | Real:
    if isinstance(value, Real):
        return Real(builder.view(value.buffer, f"{name}.view", flat))
    shape = builder.shape(value.buffer)
    if shape[-1] % WORD_BITS and flat[1] != shape[-1]:
        bits = builder.transient(f"{name}.X", roles.X, flat, "bit")
        builder.emit("flatten_bits", {"x": value.buffer, "y": bits})
    else:
        bits = builder.view(value.buffer, f"{name}.view", flat)
    numbers = value.numbers
    return Bits(bits, None if numbers is None else builder.view(numbers, f"{name}.numbers", flat))
