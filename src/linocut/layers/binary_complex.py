"""BinaryComplexConv2D, BinaryComplexConv1D and BinaryComplexDense: layers whose weights are +-1 +-i."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape, binary_cost
from linocut.layers.binary_dense import kept_input
from linocut.layers.complex_product import blocked, complex_weights, parted
from linocut.layers.complex_shapes import PairedConvolution, PairedDense
from linocut.layers.gradient_scale import decide_exponent
from linocut.layers.kinds import BITS, INPUT, PRODUCT
from linocut.layers.lowering import GRADIENT
from linocut.layers.parameters import Parameter, bias, fan_in
from linocut.layers.pruned_weights import PARTS, PIXELS, PrunedWeights, as_pixels
from linocut.layers.values import Bits, Given, Gradient, Product, Value, reshaped
from linocut.layers.weights import BinaryWeights, most_of, product_format

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class _BinaryComplex(Layer):
    """Complex weights of binary parts; what flows in and out are pairs of parts, the real ones first.

    A `bias` is a complex number for each output, as BCNN has it. What reads products is a batch norm, which takes off
    whatever was added to a channel: it is declared and counted, its gradient is 0, and so it is 0, and never added.
    `gain`, where it is given, is that of weights that start as Glorot & Bengio have them; else they are N(0, 1/fan-in).
    """

    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS)
    bias: bool = False
    gain: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.flag(self.bias, f"{self.kind} bias")
        if self.gain is not None and not 0.0 < fields.number(self.gain, f"{self.kind} gain") <= 100.0:
            raise SpecError(f"{self.kind} gain is {self.gain:g}, must be above 0, up to 100, or left out")

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def learned(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (outputs, ..., 2 inputs), and the bias (1, 2 outputs) where there is one."""
        own = complex_weights(node, shape, self.gain, binary=True)
        return (own, bias(node, 2 * shape[0])) if self.bias else (own,)

    def priced(self, parameters: int, macs: int, outputs: int, kind: str) -> Cost:
        """Of so many bits of weights, complex products as four real ones, and the bias."""
        own = binary_cost(parameters, macs, kind)
        more = 2 * outputs if self.bias else 0
        return Cost(own.binary_parameters, more, own.binary_macs, own.real_macs, own.input_bits)


@dataclass(frozen=True)
class BinaryComplexConvolution(_BinaryComplex, PairedConvolution):
    """Y = X * W^ in complex numbers: the real parts of filters, then the imaginary ones; padding adds 0."""

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, 2 inputs), the real parts of inputs first."""
        return self.learned(node, self.weights_shape(shape))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its binary weights."""
        parameters, _ = self.counts(shape)
        macs = 2 * parameters * math.prod(self.output_shape(shape)[:-1])
        return self.priced(parameters, macs, self.filters, kind)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: W^ as real rows, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        assert isinstance(value, (Given, Bits))
        images = self.window.as_images(builder.shape(value.buffer))
        y = self._lower_images(builder, name, reshaped(builder, f"{name}.images", value, images))
        return reshaped(builder, f"{name}.out", y, self.window.as_given(builder.shape(y.buffer)))

    def _lower_images(self, builder: Lowering, name: str, value: Given | Bits) -> Product:
        own, real = BinaryWeights.of(builder, name, biased=self.bias), isinstance(value, Given)
        attributes = {**self.window.attributes(), "exact": 0.0}
        before = builder.shape(value.buffer)
        summed = fan_in(own.shape)
        shape = self.window.images_over(before, 2 * self.filters)
        y = builder.transient(f"{name}.Y", roles.Y, shape, product_format(builder.policy, summed, real))
        pruned = PrunedWeights.of(builder, name, value, own.shape, PARTS)
        if pruned is None:
            _multiply(builder, name, value, own, y, attributes)
        else:
            pruned.multiply(builder, value.buffer, _rows(builder, name, own), y, attributes)
        out = Product(y, most_of(summed, real_input=real))

        def backward() -> None:
            dy = out.taken()
            if value.wanted:
                outputs, height, width, _ = own.shape
                products = 2 * outputs * height * width
                value.give(
                    builder,
                    _input_gradient(builder, name, dy, own, before, products, pruned, attributes),
                )
            _update(builder, name, dy, value, own, "conv2d_weight_gradient", attributes)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class BinaryComplexConv2D(BinaryComplexConvolution):
    """Y = X * W^ in complex numbers, weights +-1 +-i: (height, width, 2 inputs) to (height', width', 2 filters).

    The real parts of channels come first, then the imaginary ones; padding adds 0. `kernel` is (height, width), or one
    number for a square. A `bias` is counted alone: the norm that follows takes it off. SpecError for an odd number of
    channels.
    """

    kind: ClassVar[str] = "binary_complex_conv2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class BinaryComplexConv1D(BinaryComplexConvolution):
    """Y = X * W^ in complex numbers, weights +-1 +-i: (steps, 2 inputs) to (steps', 2 filters), such as I/Q samples.

    `kernel` and `stride` are in steps. SpecError for an odd number of channels.
    """

    kind: ClassVar[str] = "binary_complex_conv1d"
    flat: ClassVar[bool] = True


@dataclass(frozen=True)
class BinaryComplexDense(_BinaryComplex, PairedDense):
    """Y = X W^ in complex numbers, weights +-1 +-i: (2 inputs,) to (2 units,), the real parts first.

    SpecError for an odd number of features.
    """

    kind: ClassVar[str] = "binary_complex_dense"

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, 2 inputs), the real parts of inputs first."""
        return self.learned(node, (self.units, shape[0]))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its binary weights."""
        return self.priced(shape[0] * self.units, 2 * shape[0] * self.units, self.units, kind)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: W^ as real rows, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        assert isinstance(value, (Given, Bits))
        real = isinstance(value, Given)
        examples, inputs = builder.shape(value.buffer)
        own = BinaryWeights.of(builder, name, biased=self.bias)
        form = product_format(builder.policy, inputs, real)
        y = builder.transient(f"{name}.Y", roles.Y, (examples, 2 * self.units), form)
        pruned = PrunedWeights.of(builder, name, value, own.shape, PARTS)
        if real:
            builder.emit("real_matmul", {"x": value.buffer, "weights": _rows(builder, name, own), "y": y})
        elif pruned is not None:
            x, signs, sums = (as_pixels(builder, name, one) for one in (value.buffer, _rows(builder, name, own), y))
            pruned.multiply(builder, x, signs, sums, PIXELS)
        else:
            _multiply_pixels(builder, name, value.buffer, own, y)
        out = Product(y, most_of(inputs, real_input=real))

        def backward() -> None:
            dy = out.taken()
            if value.wanted:
                of_rows = 2 * self.units
                value.give(builder, _input_gradient(builder, name, dy, own, (examples, inputs), of_rows, pruned))
            _update(builder, name, dy, value, own, "weight_gradient")

        builder.on_backward(backward)
        return out


def _multiply(
    builder: Lowering, name: str, value: Given | Bits, own: BinaryWeights, y: int, attributes: dict[str, float]
) -> None:
    """Emit the product: of bits by two counts, of numbers by real rows."""
    signs = own.signs(builder)
    if isinstance(value, Bits):
        moves = {part: size for part, size in attributes.items() if part != "exact"}
        builder.emit("complex_conv2d", {"x": value.buffer, "weights": signs, "y": y}, moves)
        return
    rows = blocked(builder, f"{name}.rows", signs, roles.W_SIGN)
    builder.emit("conv2d", {"x": value.buffer, "weights": rows, "y": y}, attributes)


def _rows(builder: Lowering, name: str, own: BinaryWeights) -> int:
    """The signs as real rows."""
    return blocked(builder, f"{name}.rows", own.signs(builder), roles.W_SIGN)


def _multiply_pixels(builder: Lowering, name: str, x: int, own: BinaryWeights, y: int) -> None:
    """Emit the product of vectors of bits, each an image of one pixel."""

    def pixels(buffer: int, what: str) -> int:
        shape = builder.shape(buffer)
        return builder.view(buffer, f"{name}.{what}.pixels", (shape[0], 1, 1, shape[1]))

    operands = {"x": pixels(x, "X"), "weights": pixels(own.signs(builder), "signs"), "y": pixels(y, "Y")}
    builder.emit("complex_conv2d", operands, {"stride": 1.0, "pad_top": 0.0, "pad_left": 0.0})


def _input_gradient(
    builder: Lowering,
    name: str,
    dy: Gradient,
    own: BinaryWeights,
    shape: Shape,
    products: int,
    pruned: PrunedWeights | None,
    attributes: dict[str, float] | None = None,
) -> Gradient:
    """Of images, with the attributes of their window, or of vectors."""
    dx = builder.gradient(f"{name}.dX", roles.DX, shape)
    images = {"dy": dy.buffer, "weights": _rows(builder, name, own), "dx": dx.buffer}
    scale = decide_exponent(builder, name, dy, dx, products)
    exponents = {"dy_exponent": dy.exponent, "dx_exponent": dx.exponent, "scale": scale}
    if pruned is None:
        op = "input_gradient" if attributes is None else "conv2d_input_gradient"
        builder.emit(op, {**images, **exponents}, attributes)
    else:
        if attributes is None:
            images = {part: as_pixels(builder, f"{name}.{part}", one) for part, one in images.items()}
        operands = {**images, **exponents, "pruned": pruned.pruned}
        builder.emit("pruned_input_gradient", operands, attributes or PIXELS)
    builder.watched(name, GRADIENT, dx.buffer, dx.exponent)
    return dx


def _update(
    builder: Lowering,
    name: str,
    dy: Gradient,
    value: Given | Bits,
    own: BinaryWeights,
    op: str,
    attributes: dict[str, float] | None = None,
) -> None:
    """dW over twice the examples: conj(x) with the real parts of dY, i conj(x) with the imaginary ones."""
    if not builder.learns(name):
        return
    turned = blocked(builder, f"{name}.X^2", kept_input(builder, name, value))
    by_part = parted(builder, f"{name}.dY^2", dy.buffer, roles.DY)
    own.update(builder, op, {"dy": by_part, "x": turned}, attributes)
