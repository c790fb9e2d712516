"""What every fully connected layer has: units, each of which reads all features of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.operations import Operation, Product

MOST_OUTPUTS = 2**20 - 1


@dataclass(frozen=True)
class FullyConnected(Layer):
    """(features,) to (units,). `flattened_by` names what makes a vector of what it is given, for messages."""

    flattened_by: ClassVar[str]
    units: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} units", self.units)

    def output_shape(self, shape: Shape) -> Shape:
        """(units,)."""
        if len(shape) != 1:
            raise SpecError(f"takes (features,), not {shape}; put {self.flattened_by} before it")
        return (self.units,)

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A product of one pixel."""
        return Product(1, shapes[0][0], self.units, 1, 1)


def check_outputs(what: str, value: int) -> None:
    """SpecError unless a layer can have so many outputs."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_OUTPUTS:
        raise SpecError(f"{what} is {value!r}, must be a whole number from 1 to {MOST_OUTPUTS:,}")
