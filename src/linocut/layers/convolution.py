"""What every convolution has: filters, a window that moves over images or sequences, and the shapes that follow.

A sequence (steps, channels) is an image of one row: the same instructions work on both.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut.layers.base import Layer, Shape
from linocut.layers.fully_connected import check_outputs
from linocut.layers.operations import Operation, Product
from linocut.layers.window import SAME, Window, window

if TYPE_CHECKING:
    from linocut.layers.parameters import Parameter


@dataclass(frozen=True)
class Convolution(Layer):
    """Filters over windows of images, or of sequences where it is `flat`."""

    flat: ClassVar[bool]
    filters: int
    kernel: int | tuple[int, int] = 3
    stride: int = 1
    padding: str = SAME

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} filters", self.filters)
        _ = self.window

    @property
    def window(self) -> Window:
        """The window that moves over the images, or along the steps of sequences."""
        return window(f"{self.kind} kernel", self.kernel, self.stride, self.padding, flat=self.flat)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', filters), or (steps', filters)."""
        return (*self.window.over(shape), self.filters)

    def weights_shape(self, shape: Shape) -> Shape:
        """(filters, rows, columns, inputs)."""
        return self.filters, *self.window.size, shape[-1]

    @abstractmethod
    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, inputs), and what else it has."""

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A product; a sequence is an image of one row."""
        *image, outputs = self.output_shape(shapes[0])
        height, width = (1, *image)[-2:]
        return Product(math.prod(self.window.size), shapes[0][-1], outputs, height, width)

    def counts(self, shape: Shape) -> tuple[int, int]:
        """Weights, and multiply-accumulates for one example: each weight once for each pixel of the output.

        What falls on padding is counted too.
        """
        parameters = math.prod(self.weights_shape(shape))
        return parameters, parameters * math.prod(self.output_shape(shape)[:-1])
