"""Flatten: an image as a vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut.layers.base import Layer, Shape
from linocut.layers.values import Real, Value, expect

if TYPE_CHECKING:
    from linocut.compile.builder import Builder


@dataclass(frozen=True)
class Flatten(Layer):
    """(height, width, channels) to (height * width * channels,); costs nothing, the bytes stay where they are."""

    kind: ClassVar[str] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        """One dimension."""
        return (math.prod(shape),)

    def lower(self, builder: Builder, name: str, value: Value) -> Value:
        """A view of the input under another shape."""
        expect(value, Real, name, "the network's input")
        assert isinstance(value, Real)
        shape = builder.shape(value.buffer)
        return Real(builder.view(value.buffer, f"{name}.view", (shape[0], math.prod(shape[1:]))))
