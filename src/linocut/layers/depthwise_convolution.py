"""DepthwiseConv2D: each channel convolved with a filter of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from linocut.layers.base import Cost, Shape
from linocut.layers.operations import Operation, Product
from linocut.layers.parameters import Parameter
from linocut.layers.real_layer import RealLayer
from linocut.layers.window import SAME, Window, window


@dataclass(frozen=True)
class DepthwiseConv2D(RealLayer):
    """A filter for each channel: (height, width, channels) to (height', width', channels); padding adds 0.

    As MobileNet has it (Howard et al., arXiv 1704.04861). It can be counted and estimated, but not trained: it has no
    instructions of its own. `kernel` is (height, width), or one number for a square.
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    kernel: int | tuple[int, int] = 3
    stride: int = 1
    padding: str = SAME

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.window

    @property
    def window(self) -> Window:
        """The window that moves over the images; SpecError for one that cannot be."""
        return window(f"{self.kind} kernel", self.kernel, self.stride, self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        """(height', width', channels)."""
        return (*self.window.over(shape), shape[-1])

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (channels, rows, columns, 1), and the bias (1, channels)."""
        return self.learned(node, (shape[-1], *self.window.size, 1))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight a channel and pixel of the window, each used once for each pixel of the output."""
        weights = shape[-1] * math.prod(self.window.size)
        return self.real_cost(weights, weights * math.prod(self.output_shape(shape)[:-1]), shape[-1])

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A product of one input channel for each output."""
        height, width, channels = self.output_shape(shapes[0])
        return Product(math.prod(self.window.size), 1, channels, height, width)
