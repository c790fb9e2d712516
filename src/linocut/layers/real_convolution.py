"""Conv2D and Conv1D: convolutions whose weights, inputs and gradients are in full precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers.base import Cost, Shape
from linocut.layers.biases import add_bias, in_units_of_one, update_by_sums
from linocut.layers.convolution import Convolution
from linocut.layers.lowering import GRADIENT
from linocut.layers.norm_output import keep_numbers
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.parameters import Parameter
from linocut.layers.real_layer import RealLayer
from linocut.layers.values import Normed, Real, Value, reshaped
from linocut.layers.weights import RealWeights
from linocut.layers.window import Window

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class RealConvolution(RealLayer, Convolution):
    """Y = X * W, plus a bias for each filter where `bias` is true; padding adds 0."""

    forms_norms: ClassVar[bool] = True

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, inputs), and the bias (1, filters)."""
        return self.learned(node, self.weights_shape(shape))

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its full-precision weights."""
        return self.real_cost(*self.counts(shape), self.filters)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: Y. Backward: dX unless the input is the network's, then dW, db and the updates.

        Of a norm that learns its shift alone, the gradient of that in place of dX.
        """
        shift = value if isinstance(value, Normed) and value.learns_shift_alone else None
        x = as_numbers(builder, name, value) if shift is None else _normed_again(builder, name, shift)
        images = reshaped(builder, f"{name}.images", x, self.window.as_images(builder.shape(x.buffer)))
        learned = _ShiftOf(shift) if shift is not None else None
        if learned is not None:
            builder.on_backward(lambda: learned.update(builder))  # after dW, for which x is formed again
        y = multiplied(builder, name, images, self.window, self.bias)
        if learned is not None:
            learned.find_gradient(builder, name, builder.shape(images.buffer), y, self.window)
        return reshaped(builder, f"{name}.out", y, self.window.as_given(builder.shape(y.buffer)))


@dataclass(frozen=True)
class Conv2D(RealConvolution):
    """Y = X * W: (height, width, inputs) to (height', width', filters); padding adds 0.

    `kernel` is (height, width), or one number for a square; with `bias` one number is added to each filter's output.
    """

    kind: ClassVar[str] = "conv2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class Conv1D(RealConvolution):
    """Y = X * W: (steps, inputs) to (steps', filters); padding adds 0. `kernel` and `stride` are in steps."""

    kind: ClassVar[str] = "conv1d"
    flat: ClassVar[bool] = True


def _normed_again(builder: Lowering, name: str, norm: Normed) -> Real:
    """The norm's output, and how to form it anew where that is cheap for y."""

    def formed(y: int) -> int:
        return keep_numbers(builder, name, replace(norm, y=y), builder.real_X)

    y_again = norm.y_again
    return Real(formed(norm.y), None if y_again is None else lambda: formed(y_again()), wanted=False)


@dataclass
class _ShiftOf:
    """The shift of a norm before a convolution, which is all that dX would be for."""

    norm: Normed
    gradient: int | None = None

    def find_gradient(self, builder: Lowering, name: str, images: Shape, y: Real, moves: Window) -> None:
        """Backward: the sums of dX, from dY and the weights of the node `name`."""
        own = RealWeights.of(builder, name)

        def backward() -> None:
            outputs, _, columns, inputs = own.shape
            height, width = builder.shape(y.buffer)[1:3]
            work = builder.transient(f"{name}.work", roles.WORKSPACE, (height * (width + columns), outputs), "f64")
            sums = builder.transient(f"{self.norm.name}.dbeta", roles.BETA, (1, inputs), "f32")
            operands = {"dy": y.taken().buffer, "weights": own.stored, "sums": sums, "work": work}
            sizes = {"image_height": float(images[1]), "image_width": float(images[2])}
            builder.emit("conv2d_input_sums", operands, {**sizes, **moves.attributes()})
            in_units_of_one(builder, sums)
            self.gradient = sums

        builder.on_backward(backward)

    def update(self, builder: Lowering) -> None:
        """The optimizer's step."""
        assert self.gradient is not None, "the gradient of a shift is found before it moves"
        self.norm.give_shift(builder, self.gradient)


def multiplied(builder: Lowering, name: str, x: Real, moves: Window, biased: bool) -> Real:
    """Images x times the weights of the node `name`, plus its bias."""
    own = RealWeights.of(builder, name)
    attributes = {**moves.attributes(), "exact": float(builder.policy.integer)}
    before = builder.shape(x.buffer)
    shape = moves.images_over(before, own.shape[0])
    out = Real(builder.transient(f"{name}.Y", roles.Y, shape, builder.real_X))
    builder.emit("conv2d", {"x": x.buffer, "weights": own.stored, "y": out.buffer}, attributes)
    if biased:
        add_bias(builder, name, out.buffer)

    def backward() -> None:
        dy = out.taken()
        if x.wanted:
            dx = real_gradient(builder, f"{name}.dX", roles.DX, before)
            operands = {"dy": dy.buffer, "weights": own.stored, "dx": dx.buffer}
            builder.emit("conv2d_input_gradient", operands, attributes)
            builder.watched(name, GRADIENT, dx.buffer, builder.unit)
            x.give(builder, dx)
        kept = x.buffer if x.again is None else x.again()
        own.update(builder, {"dy": dy.buffer, "x": kept}, attributes)
        if biased:
            update_by_sums(builder, name, "bias", dy.buffer)

    builder.on_backward(backward)
    return out
