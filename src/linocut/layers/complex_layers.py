"""ComplexConv2D, ComplexConv1D and ComplexDense: complex layers in full precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.biases import add_bias, update_by_sums
from linocut.layers.complex_product import blocked, complex_weights, parted
from linocut.layers.complex_shapes import PairedConvolution, PairedDense
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.lowering import GRADIENT
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.parameters import Parameter
from linocut.layers.parameters import bias as bias_of
from linocut.layers.values import Real, Value, reshaped
from linocut.layers.weights import RealWeights
from linocut.layers.window import VALID, Window, window

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class _Complex(Layer):
    """Complex weights in full precision, plus a complex number for each output where `bias` is true."""

    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.flag(self.bias, f"{self.kind} bias")

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def learned(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (outputs, rows, columns, 2 inputs) and the bias (1, 2 outputs)."""
        own = complex_weights(node, shape, None, binary=False)
        return (own, bias_of(node, 2 * shape[0])) if self.bias else (own,)

    def priced(self, parameters: int, pixels: int, outputs: int) -> Cost:
        """Of so many weights at so many pixels: complex products as four real ones."""
        more = 2 * outputs if self.bias else 0
        return Cost(real_parameters=parameters + more, real_macs=2 * parameters * pixels, input_bits=REAL_BITS)


@dataclass(frozen=True)
class ComplexConvolution(_Complex, PairedConvolution):
    """Y = X * W in complex numbers, in floats; padding adds 0."""

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, 2 inputs), the real parts of inputs first, and the bias (1, 2 filters)."""
        return self.learned(node, self.weights_shape(shape))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its full-precision weights."""
        parameters, _ = self.counts(shape)
        return self.priced(parameters, math.prod(self.output_shape(shape)[:-1]), self.filters)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: Y. Backward: dX unless the input is the network's, then dW, db and the updates."""
        x = as_numbers(builder, name, value)
        images = reshaped(builder, f"{name}.images", x, self.window.as_images(builder.shape(x.buffer)))
        y = _multiplied(builder, name, images, self.window, self.bias)
        return reshaped(builder, f"{name}.out", y, self.window.as_given(builder.shape(y.buffer)))


@dataclass(frozen=True)
class ComplexConv2D(ComplexConvolution):
    """Y = X * W in complex numbers, in floats: (height, width, 2 inputs) to (height', width', 2 filters).

    The real parts of channels come first. SpecError for an odd number of channels.
    """

    kind: ClassVar[str] = "complex_conv2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class ComplexConv1D(ComplexConvolution):
    """Y = X * W in complex numbers, in floats: (steps, 2 inputs) to (steps', 2 filters), such as I/Q samples.

    SpecError for an odd number of channels.
    """

    kind: ClassVar[str] = "complex_conv1d"
    flat: ClassVar[bool] = True


@dataclass(frozen=True)
class ComplexDense(_Complex, PairedDense):
    """Y = X W in complex numbers, in floats: (2 inputs,) to (2 units,). SpecError for an odd number of features."""

    kind: ClassVar[str] = "complex_dense"

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, 1, 1, 2 inputs), as of a convolution of one pixel, and the bias (1, 2 units)."""
        return self.learned(node, (self.units, 1, 1, shape[0]))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its full-precision weights."""
        return self.priced(shape[0] * self.units, 1, self.units)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """A convolution of one pixel."""
        x = as_numbers(builder, name, value)
        examples, inputs = builder.shape(x.buffer)
        pixels = reshaped(builder, f"{name}.pixels", x, (examples, 1, 1, inputs))
        y = _multiplied(builder, name, pixels, window(f"{self.kind} window", 1, 1, VALID), self.bias)
        return reshaped(builder, f"{name}.out", y, (examples, 2 * self.units))


def _multiplied(builder: Lowering, name: str, x: Real, moves: Window, biased: bool) -> Real:
    """Images x times the complex weights of the node `name`, plus its bias."""
    own = RealWeights.of(builder, name)
    attributes = {**moves.attributes(), "exact": float(builder.policy.integer)}
    before = builder.shape(x.buffer)
    shape = moves.images_over(before, 2 * own.shape[0])
    out = Real(builder.transient(f"{name}.Y", roles.Y, shape, builder.real_X))
    rows = blocked(builder, f"{name}.rows", own.stored, roles.W)
    builder.emit("conv2d", {"x": x.buffer, "weights": rows, "y": out.buffer}, attributes)
    if biased:
        add_bias(builder, name, out.buffer)

    def backward() -> None:
        dy = out.taken()
        if x.wanted:
            dx = real_gradient(builder, f"{name}.dX", roles.DX, before)
            operands = {"dy": dy.buffer, "weights": blocked(builder, f"{name}.rows", own.stored, roles.W)}
            builder.emit("conv2d_input_gradient", {**operands, "dx": dx.buffer}, attributes)
            builder.watched(name, GRADIENT, dx.buffer, builder.unit)
            x.give(builder, dx)
        if builder.learns(name):
            turned = blocked(builder, f"{name}.X^2", x.buffer)
            by_part = parted(builder, f"{name}.dY^2", dy.buffer, roles.DY)
            own.update(builder, {"dy": by_part, "x": turned}, attributes)
        if biased:
            update_by_sums(builder, name, "bias", dy.buffer)

    builder.on_backward(backward)
    return out
