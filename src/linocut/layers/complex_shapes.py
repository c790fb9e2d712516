"""Shapes of complex layers: convolutions and dense layers whose inputs and outputs are pairs, the real parts first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from linocut.layers.base import Shape
from linocut.layers.complex_product import check_outputs, pairs
from linocut.layers.convolution import Convolution
from linocut.layers.fully_connected import FullyConnected
from linocut.layers.operations import Operation, Product


@dataclass(frozen=True)
class PairedConvolution(Convolution):
    """Complex filters over windows: twice as many real channels come out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} filters", self.filters)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', 2 filters), or (steps', 2 filters); SpecError for channels that are no pairs."""
        _ = pairs(shape)
        return (*self.window.over(shape), 2 * self.filters)


@dataclass(frozen=True)
class PairedDense(FullyConnected):
    """(2 inputs,) to (2 units,)."""

    flattened_by: ClassVar[str] = "a global_average_pool"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} units", self.units)

    def output_shape(self, shape: Shape) -> Shape:
        """(2 units,); SpecError for what is no vector of pairs."""
        _ = super().output_shape(shape), pairs(shape)
        return (2 * self.units,)

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A product of one pixel."""
        return Product(1, shapes[0][0], 2 * self.units, 1, 1)
