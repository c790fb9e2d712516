"""Conv2D and Dense: layers whose weights, inputs and gradients are in full precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.binary_dense import check_outputs
from linocut.layers.convolution import Convolution
from linocut.layers.kinds import INPUT, NORMED, PRODUCT, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.values import Given, Gradient, Product, Real, Value
from linocut.layers.weights import RealWeights
from linocut.layers.window import VALID, Window, window

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class Conv2D(Convolution):
    """Y = X * W without bias: (height, width, inputs) to (height', width', filters); padding adds 0."""

    kind: ClassVar[str] = "conv2d"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its full-precision weights."""
        parameters, macs = self.counts(shape)
        return Cost(real_parameters=parameters, real_macs=macs, input_bits=REAL_BITS)

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: Y. Backward: dX unless the input is the network's, then dW and the update."""
        x = as_numbers(builder, place.name, value)
        return _multiplied(builder, place.name, x, isinstance(value, Given), self.filters, self.window)


@dataclass(frozen=True)
class Dense(Layer):
    """Y = X W without bias: (features,) to (units,)."""

    kind: ClassVar[str] = "dense"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    units: int

    def __post_init__(self) -> None:
        check_outputs("dense units", self.units)

    def output_shape(self, shape: Shape) -> Shape:
        """(units,)."""
        if len(shape) != 1:
            raise SpecError(f"takes (features,), not {shape}; put a flatten or a global_average_pool before it")
        return (self.units,)

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def weights_shape(self, shape: Shape) -> Shape:
        """(units, 1, 1, inputs)."""
        return self.units, 1, 1, shape[0]

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        n = shape[0] * self.units
        return Cost(real_parameters=n, real_macs=n, input_bits=REAL_BITS)

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """A convolution of images of one pixel."""
        x, name = as_numbers(builder, place.name, value), place.name
        batch, features = builder.shape(x.buffer)
        pixels = Real(builder.view(x.buffer, f"{name}.pixels", (batch, 1, 1, features)))
        builder.on_backward(lambda: _give_view(builder, x, pixels, f"{name}.dX.vectors", (batch, features)))
        square = window("dense", 1, 1, VALID)
        y = _multiplied(builder, name, pixels, isinstance(value, Given), self.units, square)
        out = Product(builder.view(y.buffer, f"{name}.vectors", (batch, self.units)), binary=False)
        builder.on_backward(lambda: _give_view(builder, y, out, f"{name}.dY.pixels", (batch, 1, 1, self.units)))
        return out


def _give_view(builder: Builder, to: Value, of: Value, name: str, shape: tuple[int, ...]) -> None:
    """Pass on a gradient under another shape; there is none of the network's input."""
    if of.gradient is not None:
        to.give(builder, Gradient(builder.view(of.gradient.buffer, name, shape)))


def _multiplied(builder: Builder, name: str, x: Real, first: bool, outputs: int, moves: Window) -> Product:
    batch, *image = builder.shape(x.buffer)
    weights = RealWeights.declare(builder, name, (outputs, *moves.size, image[-1]))
    attributes = {**moves.attributes(), "exact": float(builder.policy.integer)}
    shape = (batch, *moves.over(tuple(image)), outputs)
    y = builder.transient(f"{name}.Y", roles.Y, shape, builder.policy.real)
    builder.emit("conv2d", {"x": x.buffer, "weights": weights.stored, "y": y}, attributes)
    out = Product(y, binary=False)

    def backward() -> None:
        dy = out.taken()
        if not first:
            dx = real_gradient(builder, f"{name}.dX", roles.DX, (batch, *image))
            operands = {"dy": dy.buffer, "weights": weights.stored, "dx": dx.buffer}
            builder.emit("conv2d_input_gradient", operands, attributes)
            x.give(builder, dx)
        weights.update(builder, {"dy": dy.buffer, "x": x.buffer}, attributes)

    builder.on_backward(backward)
    return out
