"""Dense: a fully connected layer whose weights, inputs and gradients are in full precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut.layers.base import Cost, Shape
from linocut.layers.fully_connected import FullyConnected
from linocut.layers.numbers import as_numbers
from linocut.layers.parameters import Parameter
from linocut.layers.real_convolution import multiplied
from linocut.layers.real_layer import RealLayer
from linocut.layers.values import Value, reshaped
from linocut.layers.window import VALID, window

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Dense(RealLayer, FullyConnected):
    """Y = X W, plus a bias for each unit where `bias` is true: (features,) to (units,)."""

    kind: ClassVar[str] = "dense"
    flattened_by: ClassVar[str] = "a flatten or a global_average_pool"

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, 1, 1, inputs), and the bias (1, units)."""
        return self.learned(node, (self.units, 1, 1, shape[0]))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        n = shape[0] * self.units
        return self.real_cost(n, n, self.units)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """A convolution of images of one pixel."""
        x = as_numbers(builder, name, value)
        batch, features = builder.shape(x.buffer)
        pixels = reshaped(builder, f"{name}.pixels", x, (batch, 1, 1, features))
        y = multiplied(builder, name, pixels, window("dense", 1, 1, VALID), self.bias)
        return reshaped(builder, f"{name}.vectors", y, (batch, self.units))
