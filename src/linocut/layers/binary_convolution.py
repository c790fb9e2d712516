"""BinaryConv2D and BinaryConv1D: convolutions with binary weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.layers.base import Cost, Shape, binary_cost
from linocut.layers.binary_dense import kept_input
from linocut.layers.convolution import Convolution
from linocut.layers.gradient_scale import decide_exponent
from linocut.layers.kinds import BITS, INPUT, PRODUCT
from linocut.layers.lowering import GRADIENT
from linocut.layers.parameters import Parameter, bias, fan_in, weights
from linocut.layers.pruned_weights import PrunedWeights
from linocut.layers.values import Bits, Given, Gradient, Product, Value, reshaped
from linocut.layers.weights import BinaryWeights, most_of, product_format

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.policies import Policy


@dataclass(frozen=True)
class BinaryConvolution(Convolution):
    """Y = X * W^; padding adds 0.

    `scaled` weights are W^ times mean|W| of their filter (Bi-Real Net, Liu et al., arXiv 1808.00278, section 3.3): a
    factor that an l2 norm sees through its epsilon alone, and that an l1 norm, which has none, cancels exactly, so that
    it is left out there. A `bias` is taken off again by the norm that reads the products: it is declared and counted,
    as other people's networks have it, and stays 0. None is as False.
    """

    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS)
    scaled: bool = False
    bias: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.flag(self.scaled, f"{self.kind} scaled")
        if self.bias is not None:
            fields.flag(self.bias, f"{self.kind} bias")

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, inputs), and the bias (1, filters) where there is one."""
        own = weights(node, self.weights_shape(shape), binary=True)
        return (own, bias(node, self.filters)) if self.bias else (own,)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its binary weights, and of its bias."""
        own = binary_cost(*self.counts(shape), kind)
        return replace(own, real_parameters=self.filters) if self.bias else own

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: W^, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        assert isinstance(value, (Given, Bits))
        images = self.window.as_images(builder.shape(value.buffer))
        y = self._lower_images(builder, name, reshaped(builder, f"{name}.images", value, images))
        return reshaped(builder, f"{name}.out", y, self.window.as_given(builder.shape(y.buffer)))

    def _lower_images(self, builder: Lowering, name: str, value: Given | Bits) -> Product:
        own, real = BinaryWeights.of(builder, name, biased=bool(self.bias)), isinstance(value, Given)
        attributes = {**self.window.attributes(), "exact": 0.0}
        before = builder.shape(value.buffer)
        shape = self.window.images_over(before, self.filters)
        y = builder.transient(f"{name}.Y", roles.Y, shape, product_format(builder.policy, fan_in(own.shape), real))
        pruned = PrunedWeights.of(builder, name, value, own.shape)
        if pruned is None:
            builder.emit("conv2d", {"x": value.buffer, "weights": own.signs(builder), "y": y}, attributes)
        else:
            pruned.multiply(builder, value.buffer, own.signs(builder), y, attributes)
        scale = self._scale(builder, name, own)
        scaled = y if scale is None else _scaled(builder, f"{name}.scaled", roles.Y, y, scale)
        out = Product(scaled, most_of(fan_in(own.shape), real_input=real))

        def backward() -> None:
            dy = out.taken()
            if scale is not None:
                dy = Gradient(_scaled(builder, f"{name}.dY", roles.DY, dy.buffer, scale))
            if value.wanted:
                value.give(builder, _input_gradient(builder, name, dy, own, before, attributes, pruned))
            x = kept_input(builder, name, value)
            own.update(builder, "conv2d_weight_gradient", {"dy": dy.buffer, "x": x}, attributes)

        builder.on_backward(backward)
        return out

    def uses_sizes(self, policy: Policy) -> bool:
        """Where its products are scaled by them (`scaled`)."""
        return self.scales(policy, latent=True)

    def scales(self, policy: Policy, *, latent: bool) -> bool:
        """Whether its products are scaled under a policy; `latent`: its weights have a latent copy."""
        return self.scaled and policy.norm == "l2" and latent

    def _scale(self, builder: Lowering, name: str, own: BinaryWeights) -> int | None:
        if not self.scales(builder.policy, latent=builder.latent):
            return None
        scale = builder.transient(f"{name}.scale", roles.WORKSPACE, (1, self.filters), "f32")
        builder.emit("channel_scale", {"weights": own.stored, "scale": scale})
        return scale


@dataclass(frozen=True)
class BinaryConv2D(BinaryConvolution):
    """Y = X * W^: (height, width, inputs) to (height', width', filters); padding adds 0.

    `kernel` is (height, width), or one number for a square; `padding` is "same" or "valid". `scaled` weights are W^
    times mean|W| of their filter (arXiv 1808.00278, section 3.3), where the policy's norm does not cancel that.
    """

    kind: ClassVar[str] = "binary_conv2d"
    flat: ClassVar[bool] = False


@dataclass(frozen=True)
class BinaryConv1D(BinaryConvolution):
    """Y = X * W^: (steps, inputs) to (steps', filters); padding adds 0. `kernel` and `stride` are in steps."""

    kind: ClassVar[str] = "binary_conv1d"
    flat: ClassVar[bool] = True


def _input_gradient(
    builder: Lowering,
    name: str,
    dy: Gradient,
    own: BinaryWeights,
    shape: Shape,
    attributes: dict[str, float],
    pruned: PrunedWeights | None,
) -> Gradient:
    dx = builder.gradient(f"{name}.dX", roles.DX, shape)
    operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "weights": own.signs(builder)}
    outputs, rows, columns, _ = own.shape
    operands |= {"dx": dx.buffer, "dx_exponent": dx.exponent}
    operands["scale"] = decide_exponent(builder, name, dy, dx, outputs * rows * columns)
    if pruned is None:
        builder.emit("conv2d_input_gradient", operands, attributes)
    else:
        builder.emit("pruned_input_gradient", {**operands, "pruned": pruned.pruned}, attributes)
    builder.watched(name, GRADIENT, dx.buffer, dx.exponent)
    return dx


def _scaled(builder: Lowering, name: str, role: str, x: int, scale: int) -> int:
    y = builder.transient(name, role, builder.shape(x), builder.form(x))
    builder.emit("scale_channels", {"x": x, "scale": scale, "y": y})
    return y
