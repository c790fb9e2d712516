"""Dense: a fully connected layer whose weights, inputs and gradients are in full precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut.errors import SpecError
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.binary_dense import check_outputs
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.parameters import Parameter, bias, weights
from linocut.layers.real_convolution import check_bias, multiplied
from linocut.layers.values import Value, reshaped
from linocut.layers.window import VALID, window

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Dense(Layer):
    """Y = X W, plus a bias for each unit where `bias` is true: (features,) to (units,)."""

    kind: ClassVar[str] = "dense"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    units: int
    bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs("dense units", self.units)
        check_bias(self.kind, self.bias)

    def output_shape(self, shape: Shape) -> Shape:
        """(units,)."""
        if len(shape) != 1:
            raise SpecError(f"takes (features,), not {shape}; put a flatten or a global_average_pool before it")
        return (self.units,)

    def gives(self, kind: str) -> str:
        """Numbers."""
        return REAL

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, 1, 1, inputs), and the bias (1, units)."""
        own = weights(node, (self.units, 1, 1, shape[0]), binary=False)
        return (own, bias(node, self.units)) if self.bias else (own,)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        n = shape[0] * self.units
        more = self.units if self.bias else 0
        return Cost(real_parameters=n + more, real_macs=n, input_bits=REAL_BITS)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """A convolution of images of one pixel."""
        x = as_numbers(builder, name, value)
        batch, features = builder.shape(x.buffer)
        pixels = reshaped(builder, f"{name}.pixels", x, (batch, 1, 1, features))
        y = multiplied(builder, name, pixels, window("dense", 1, 1, VALID), self.bias)
        return reshaped(builder, f"{name}.vectors", y, (batch, self.units))
