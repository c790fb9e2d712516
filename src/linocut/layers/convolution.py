"""What every convolution has: filters, a window that moves over images, and the shapes that follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

from linocut.layers.base import Layer, Shape
from linocut.layers.binary_dense import check_outputs
from linocut.layers.kinds import PRODUCT
from linocut.layers.window import SAME, Window, keep_tuple, window


@dataclass(frozen=True)
class Convolution(Layer):
    """(height, width, inputs) to (height', width', filters); `kernel` is (height, width), or a number for a square."""

    filters: int
    kernel: int | tuple[int, int] = 3
    stride: int = 1
    padding: str = SAME

    def __post_init__(self) -> None:
        check_outputs(f"{self.kind} filters", self.filters)
        keep_tuple(self, "kernel")
        _ = self.window

    @property
    def window(self) -> Window:
        """The window that moves over the images."""
        return window(f"{self.kind} kernel", self.kernel, self.stride, self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', filters)."""
        return (*self.window.over(shape), self.filters)

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def weights_shape(self, shape: Shape) -> Shape:
        """(filters, rows, columns, inputs)."""
        return self.filters, *self.window.size, shape[-1]

    def counts(self, shape: Shape) -> tuple[int, int]:
        """Weights, and multiply-accumulates for one example: each weight once for each pixel of the output.

        What falls on padding is counted too.
        """
        height, width, _ = self.output_shape(shape)
        parameters = math.prod(self.weights_shape(shape))
        return parameters, parameters * height * width
