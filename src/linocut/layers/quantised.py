"""QuantisedConv2D and QuantisedDense: layers whose weights are levels of 1, 2 or 4 bits, computed in bit planes.

A product of k-bit and k'-bit levels is k k' products of signs, each weighted by a power of two (ops/levels.py). So Y is
an integer over (2**k - 1) (2**k' - 1); policies whose Y is in 32-bit floats divide it, others leave that to the norm
behind it, which takes any factor out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.binary_dense import kept_input
from linocut.layers.convolution import Convolution
from linocut.layers.fully_connected import FullyConnected
from linocut.layers.gradient_scale import decide_exponent
from linocut.layers.kinds import BITS, BITS_OF, LEVELS_2, LEVELS_4, PRODUCT
from linocut.layers.lowering import GRADIENT
from linocut.layers.parameters import Initial, Parameter, fan_in, weights
from linocut.layers.quantise import check_bits, emit_bytes, emit_quantise
from linocut.layers.values import Bits, Gradient, Product, Value
from linocut.layers.weights import BinaryWeights, integer_format
from linocut.layers.window import VALID, Window, window
from linocut.ops.levels import PLANES, largest

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class QuantisedLayer(Layer):
    """Weights W^ = q_k(W), k being `bits`: levels from -1 to 1 of latent weights within [-1, 1]; of 1 bit their signs.

    `activation_bits` says which levels it is given, and may be left out: they are those of the quantise before it.
    SpecError for other bits than 1, 2 and 4.
    """

    takes: ClassVar[tuple[str, ...]] = (BITS, LEVELS_2, LEVELS_4)
    bits: int = 2
    activation_bits: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bits(self.bits, f"{self.kind} bits")
        if self.activation_bits is not None:
            check_bits(self.activation_bits, f"{self.kind} activation_bits")

    def gives(self, kind: str) -> str:
        """Products."""
        return PRODUCT

    def refuses(self, kind: str) -> str:
        """Other kinds than levels, and levels of other bits than it says."""
        reason = super().refuses(kind)
        if reason or self.activation_bits in (None, BITS_OF[kind]):
            return reason
        return (
            f"has activation_bits {self.activation_bits}, but is given {kind}; "
            f"put a quantise of bits = {self.activation_bits} before it"
        )

    def of_levels(self, node: str, shape: Shape) -> Parameter:
        """Weights of a shape (outputs, ..., inputs) of the node called `node`."""
        return replace(weights(node, shape, binary=True), bits=self.bits)

    def quantised_cost(self, parameters: int, macs: int, kind: str) -> Cost:
        """The cost of so many weights and multiply-accumulates, given levels of a kind."""
        bits = BITS_OF[kind]
        macs *= bits * self.bits
        return Cost(binary_parameters=parameters, binary_macs=macs, input_bits=bits, weight_bits=self.bits)

    def divisor(self, kind: str) -> int:
        """The largest product of levels, given those of a kind: Y is an integer over it."""
        return largest(BITS_OF[kind]) * largest(self.bits)

    def multiplied(self, builder: Lowering, name: str, value: Value, moves: Window | None) -> Product:
        """Forward: planes of W^, then Y. Backward: dX where that is wanted, then dW and the update.

        Without a window it is a dense layer.
        """
        assert isinstance(value, Bits)
        return _Multiplication(builder, name, self, value, moves).lower()


@dataclass(frozen=True)
class QuantisedConv2D(QuantisedLayer, Convolution):
    """Y = X * W^: (height, width, inputs) to (height', width', filters); padding adds 0.

    Weights and inputs are levels of 1, 2 or 4 bits: W^ = q_k(W), k being `bits`, of latent weights within [-1, 1].
    `kernel` is (height, width), or one number for a square; `padding` is "same" or "valid".
    """

    kind: ClassVar[str] = "quantised_conv2d"
    flat: ClassVar[bool] = False

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (filters, rows, columns, inputs)."""
        return (self.of_levels(node, self.weights_shape(shape)),)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Of its weights of so many bits."""
        return self.quantised_cost(*self.counts(shape), kind)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """As QuantisedLayer.multiplied has it."""
        return self.multiplied(builder, name, value, self.window)


@dataclass(frozen=True)
class QuantisedDense(QuantisedLayer, FullyConnected):
    """Y = X W^: (inputs,) to (units,). Weights and inputs are levels of 1, 2 or 4 bits, as of a quantised_conv2d."""

    kind: ClassVar[str] = "quantised_dense"
    flattened_by: ClassVar[str] = "a flatten"

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (units, inputs)."""
        return (self.of_levels(node, (self.units, shape[0])),)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """One weight and one multiply-accumulate per input and output."""
        return self.quantised_cost(shape[0] * self.units, shape[0] * self.units, kind)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """As QuantisedLayer.multiplied has it."""
        return self.multiplied(builder, name, value, None)


class _Multiplication:
    """One layer while it is lowered: levels `value` of images times those of the weights of the node `name`."""

    def __init__(self, builder: Lowering, name: str, layer: QuantisedLayer, value: Bits, moves: Window | None) -> None:
        self.builder, self.name, self.layer, self.value = builder, name, layer, value
        self.own = BinaryWeights.of(builder, name)
        self.dense = moves is None
        self.moves = {**(moves or window("quantised_dense", 1, 1, VALID)).attributes(), "exact": 0.0}
        self.before, outputs = builder.shape(value.buffer), self.own.shape[0]
        self.shape = (self.before[0], outputs) if moves is None else moves.images_over(self.before, outputs)
        self.largest_x, self.largest_w = largest(len(value.planes)), largest(layer.bits)
        self.divides = builder.policy.Y == "f32"

    def lower(self) -> Product:
        builder, name = self.builder, self.name
        y = self._product()
        if self.divides and self.largest_x * self.largest_w > 1:
            y = self._scaled("scaled", roles.Y, y, self._divisor())
        out = Product(y)

        def backward() -> None:
            dy = out.taken()
            if self.value.wanted:
                self.value.give(builder, self._input_gradient(dy))
            if builder.learns(name):
                op, attributes = ("weight_gradient", None) if self.dense else ("conv2d_weight_gradient", self.moves)
                self.own.update(builder, op, {"dy": dy.buffer, "x": self._input()}, attributes)

        builder.on_backward(backward)
        return out

    def _planes(self) -> tuple[int, ...]:
        """The weights' levels, made now; of one bit their signs."""
        if self.layer.bits == 1:
            return (self.own.signs(self.builder),)
        planes = self._transient_planes("W", roles.W_SIGN, self.own.shape, self.layer.bits)
        emit_quantise(self.builder, self.own.stored, planes)
        return planes

    def _transient_planes(self, what: str, role: str, shape: Shape, bits: int) -> tuple[int, ...]:
        names = (f"{self.name}.{what}.{plane}" for plane in PLANES[:bits])
        return tuple(self.builder.transient(name, role, shape, "bit") for name in names)

    def _product(self) -> int:
        """The sum of the products of all pairs of planes, the least significant pair first."""
        builder = self.builder
        form = "f32" if self.divides else integer_format(self._most(), real_input=False)
        y = builder.transient(f"{self.name}.Y", roles.Y, self.shape, form)
        of_w, of_x = self._planes(), self.value.planes
        for i, weights_plane in enumerate(reversed(of_w)):
            for j, plane in enumerate(reversed(of_x)):
                first = i + j == 0
                to = y if first else builder.transient(f"{self.name}.part", roles.WORKSPACE, self.shape, form)
                self._multiply(plane, weights_plane, to)
                if not first:
                    builder.emit("add_product", {"y": y, "part": to}, {"times": float(2 ** (i + j))})
        return y

    def _multiply(self, x: int, weights_plane: int, y: int) -> None:
        operands = {"x": x, "weights": weights_plane, "y": y}
        if self.dense:
            self.builder.emit("binary_matmul", operands)
        else:
            self.builder.emit("conv2d", operands, self.moves)

    def _most(self) -> int:
        """The largest sum of products of levels."""
        return fan_in(self.own.shape) * self.largest_x * self.largest_w

    def _divisor(self) -> int:
        """1 over the largest product of levels, for each output."""
        rows = Initial(rows=(1.0 / (self.largest_x * self.largest_w),))
        shape = (1, self.own.shape[0])
        return self.builder.memory(self.name, "unit", roles.WORKSPACE, shape, "f32", rows)

    def _scaled(self, what: str, role: str, x: int, scale: int) -> int:
        y = self.builder.transient(f"{self.name}.{what}", role, self.shape, self.builder.form(x))
        self.builder.emit("scale_channels", {"x": x, "scale": scale, "y": y})
        return y

    def _input_gradient(self, dy: Gradient) -> Gradient:
        """dX = n sum dY L, n being the largest level of X, where Y counts levels; else the sum over n'."""
        builder = self.builder
        dx = builder.gradient(f"{self.name}.dX", roles.DX, self.before)
        planes = [self._as_images(plane) for plane in self._planes()]
        factor = 1.0 / self.largest_w if self.divides else float(self.largest_x)
        # Levels of weights are small at first, and never all the largest: with their bound the first dX would be 0.
        most = math.prod(self.own.shape[:-1]) * self.largest_x
        operands: dict[str, int | None] = dict(zip(("weights", *PLANES[1:]), planes, strict=False))
        operands |= {"dy": self._as_images(dy.buffer), "dy_exponent": dy.exponent}
        operands |= {"dx": self._as_images(dx.buffer), "dx_exponent": dx.exponent}
        operands["scale"] = decide_exponent(builder, self.name, dy, dx, most)
        builder.emit("levels_input_gradient", operands, {**self.moves, "factor": factor})
        builder.watched(self.name, GRADIENT, dx.buffer, dx.exponent)
        return dx

    def _as_images(self, buffer: int) -> int:
        """Rows of a dense layer as images of one pixel, its weights as those of a convolution."""
        shape = self.builder.shape(buffer)
        if len(shape) > 2:
            return buffer
        return self.builder.view(buffer, f"{self.name}.pixels", (shape[0], 1, 1, shape[1]))

    def _input(self) -> int:
        """The layer's input for dW: signs as they are, levels as bytes, made again from what was kept."""
        builder, value = self.builder, self.value
        if not value.more:
            return kept_input(builder, self.name, value)
        planes = value.planes
        if value.numbers is not None:
            planes = self._transient_planes("X^", roles.WORKSPACE, self.before, len(planes))
            emit_quantise(builder, value.numbers, planes)
        return emit_bytes(builder, self.name, planes)
