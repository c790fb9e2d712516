"""BinaryDense: a fully connected layer with binary weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers.base import Cost, Shape, binary_cost
from linocut.layers.fully_connected import FullyConnected
from linocut.layers.gradient_scale import decide_exponent
from linocut.layers.kinds import BITS, INPUT, PRODUCT
from linocut.layers.lowering import GRADIENT
from linocut.layers.parameters import Parameter, weights
from linocut.layers.pruned_weights import PIXELS, PrunedWeights, as_pixels
from linocut.layers.values import Bits, Given, Gradient, Product, Value
from linocut.layers.weights import BinaryWeights, product_format

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class BinaryDense(FullyConnected):
    """Y = X W^: (inputs,) to (units,). The input is the network's (real) or the signs of the layer before (binary)."""

    kind: ClassVar[str] = "binary_dense"
    takes: ClassVar[tuple[str, ...]] = (INPUT, BITS)
    flattened_by: ClassVar[str] = "a flatten"

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, inputs)."""
        return (weights(node, (self.units, shape[0]), binary=True),)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        return binary_cost(shape[0] * self.units, shape[0] * self.units, kind)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: W^, then Y. Backward: dX unless the input is the network's, then dW and the update."""
        assert isinstance(value, (Given, Bits))
        real = isinstance(value, Given)
        rows, inputs = builder.shape(value.buffer)
        own = BinaryWeights.of(builder, name)
        y = builder.transient(f"{name}.Y", roles.Y, (rows, self.units), product_format(builder.policy, inputs, real))
        pruned = PrunedWeights.of(builder, name, value, own.shape)
        if pruned is None:
            op = "real_matmul" if real else "binary_matmul"
            builder.emit(op, {"x": value.buffer, "weights": own.signs(builder), "y": y})
        else:
            x, signs, sums = (as_pixels(builder, name, buffer) for buffer in (value.buffer, own.signs(builder), y))
            pruned.multiply(builder, x, signs, sums, PIXELS)
        out = Product(y)

        def backward() -> None:
            dy = out.taken()
            if value.wanted:
                value.give(builder, _input_gradient(builder, name, dy, own, (rows, inputs), pruned))
            own.update(builder, "weight_gradient", {"dy": dy.buffer, "x": kept_input(builder, name, value)})

        builder.on_backward(backward)
        return out


def kept_input(builder: Lowering, name: str, value: Given | Bits) -> int:
    """The layer's input for dW: as it is, or signs made again from the activation that was kept."""
    if isinstance(value, Given) or value.numbers is None:
        return value.buffer
    bits = builder.transient(f"{name}.X^", roles.WORKSPACE, builder.shape(value.numbers), "bit")
    builder.emit("binarize", {"values": value.numbers, "bits": bits})
    return bits


def _input_gradient(
    builder: Lowering, name: str, dy: Gradient, own: BinaryWeights, shape: Shape, pruned: PrunedWeights | None
) -> Gradient:
    dx = builder.gradient(f"{name}.dX", roles.DX, shape)
    weights = own.signs(builder)
    operands = {"dy": dy.buffer, "dy_exponent": dy.exponent, "weights": weights, "dx": dx.buffer}
    operands |= {"dx_exponent": dx.exponent, "scale": decide_exponent(builder, name, dy, dx, own.shape[0])}
    if pruned is None:
        builder.emit("input_gradient", operands)
    else:
        images = {"dy": dy.buffer, "weights": weights, "dx": dx.buffer}
        pixels = {part: as_pixels(builder, f"{name}.{part}", one) for part, one in images.items()}
        builder.emit("pruned_input_gradient", {**operands, **pixels, "pruned": pruned.pruned}, PIXELS)
    builder.watched(name, GRADIENT, dx.buffer, dx.exponent)
    return dx
