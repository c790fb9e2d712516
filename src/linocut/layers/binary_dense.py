"""BinaryDense: a fully connected layer with binary weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.values import Bits, Gradient, Product, Real, Value, expect
from linocut.layers.weights import BinaryWeights
from linocut.policies import SMALLEST_INTEGER

if TYPE_CHECKING:
    from linocut.compile.builder import Builder

I16_MAX = 2**15 - 1


@dataclass(frozen=True)
class BinaryDense(Layer):
    """Y = X W^: (inputs,) to (units,). The input is the network's (real) or the signs of the layer before (binary)."""

    kind: ClassVar[str] = "binary_dense"
    units: int

    def __post_init__(self) -> None:
        if not isinstance(self.units, int) or not 1 <= self.units < 2**20:
            raise SpecError(f"binary_dense units is {self.units!r}, must be a whole number from 1 to {2**20 - 1:,}")

    def output_shape(self, shape: Shape) -> Shape:
        """(units,)."""
        if len(shape) != 1:
            raise SpecError(f"binary_dense takes (features,), not {shape}; put a flatten before it")
        return (self.units,)

    def cost(self, shape: Shape, real_input: bool) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        n = shape[0] * self.units
        if real_input:
            return Cost(binary_parameters=n, real_macs=n, input_bits=8)
        return Cost(binary_parameters=n, binary_macs=n, input_bits=1)

    def lower(self, builder: Builder, name: str, value: Value) -> Value:
        """Forward: W^, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        expect(value, (Real, Bits), name, "the input or a sign")
        assert isinstance(value, (Real, Bits))
        real = isinstance(value, Real)
        rows, inputs = builder.shape(value.buffer)
        weights = BinaryWeights.declare(builder, name, self.units, inputs)
        y = builder.transient(f"{name}.Y", roles.Y, (rows, self.units), self._y_format(builder, inputs, real))
        op = "real_matmul" if real else "binary_matmul"
        builder.emit(op, {"x": value.buffer, "weights": weights.signs(builder), "y": y})
        out = Product(y)

        def backward() -> None:
            dy = out.taken()
            if isinstance(value, Bits):
                value.gradient = _input_gradient(builder, name, dy, weights, (rows, inputs))
            weights.update(builder, dy.buffer, _kept_bits(builder, name, value))

        builder.on_backward(backward)
        return out

    @staticmethod
    def _y_format(builder: Builder, inputs: int, real: bool) -> str:
        if builder.policy.Y != SMALLEST_INTEGER:
            return builder.policy.Y
        return "i32" if real or inputs > I16_MAX else "i16"


def _input_gradient(builder: Builder, name: str, dy: Gradient, weights: BinaryWeights, shape: Shape) -> Gradient:
    dx = builder.gradient(f"{name}.dX", roles.DX, shape)
    operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "weights": weights.signs(builder)}
    builder.emit("input_gradient", {**operands, "dx": dx.buffer, "dx_exponent": dx.exponent})
    return dx


def _kept_bits(builder: Builder, name: str, value: Real | Bits) -> int:
    """The layer's input for dW: as it is, or signs made again from the activation that was kept."""
    if isinstance(value, Real) or value.numbers is None:
        return value.buffer
    bits = builder.transient(f"{name}.X^", roles.WORKSPACE, builder.shape(value.numbers), "bit")
    builder.emit("binarize", {"values": value.numbers, "bits": bits})
    return bits
