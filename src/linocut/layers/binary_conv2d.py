"""BinaryConv2D: a convolution with binary weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Cost, Shape, binary_cost
from linocut.layers.binary_dense import kept_input
from linocut.layers.convolution import Convolution
from linocut.layers.gradient_scale import decide_exponent
from linocut.layers.kinds import BITS, INPUT
from linocut.layers.values import Bits, Given, Gradient, Product, Value
from linocut.layers.weights import BinaryWeights, fan_in, product_format

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class BinaryConv2D(Convolution):
    """Y = X * W^: (height, width, inputs) to (height', width', filters); padding adds 0.

    `kernel` is (height, width), or one number for a square; `padding` is "same" or "valid". `scaled` weights are W^
    times mean|W| of their filter (Bi-Real Net, Liu et al., arXiv 1808.00278, section 3.3): a factor that an l2 norm
    sees through its epsilon alone, and that an l1 norm, which has none, cancels exactly, so that it is left out there.
    """

    kind: ClassVar[str] = "binary_conv2d"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS)
    scaled: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.scaled, bool):
            raise SpecError(f"binary_conv2d scaled is {self.scaled!r}, must be True or False")

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its binary weights."""
        return binary_cost(*self.counts(shape), kind)

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: W^, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        assert isinstance(value, (Given, Bits))
        name, real = place.name, isinstance(value, Given)
        batch, *image = builder.shape(value.buffer)
        weights = BinaryWeights.declare(builder, name, self.weights_shape(tuple(image)))
        attributes = {**self.window.attributes(), "exact": 0.0}
        shape = (batch, *self.output_shape(tuple(image)))
        y = builder.transient(f"{name}.Y", roles.Y, shape, product_format(builder.policy, fan_in(weights.shape), real))
        builder.emit("conv2d", {"x": value.buffer, "weights": weights.signs(builder), "y": y}, attributes)
        scale = self._scale(builder, name, weights)
        out = Product(y if scale is None else _scaled(builder, f"{name}.scaled", roles.Y, y, scale), binary=True)

        def backward() -> None:
            dy = out.taken()
            if scale is not None:
                dy = Gradient(_scaled(builder, f"{name}.dY", roles.DY, dy.buffer, scale))
            if isinstance(value, Bits):
                dx = builder.gradient(f"{name}.dX", roles.DX, (batch, *image))
                operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "weights": weights.signs(builder)}
                products = weights.shape[0] * math.prod(self.window.size)
                operands |= {"dx": dx.buffer, "dx_exponent": dx.exponent}
                operands["scale"] = decide_exponent(builder, name, dy, dx, products)
                builder.emit("conv2d_input_gradient", operands, attributes)
                value.give(builder, dx)
            x = kept_input(builder, name, value)
            weights.update(builder, "conv2d_weight_gradient", {"dy": dy.buffer, "x": x}, attributes)

        builder.on_backward(backward)
        return out

    def _scale(self, builder: Builder, name: str, weights: BinaryWeights) -> int | None:
        if not self.scaled or builder.policy.norm != "l2" or not weights.latent:
            return None
        scale = builder.transient(f"{name}.scale", roles.WORKSPACE, (1, self.filters), "f32")
        builder.emit("channel_scale", {"weights": weights.stored, "scale": scale})
        return scale


def _scaled(builder: Builder, name: str, role: str, x: int, scale: int) -> int:
    y = builder.transient(name, role, builder.shape(x), builder.buffers[x].format)
    builder.emit("scale_channels", {"x": x, "scale": scale, "y": y})
    return y
