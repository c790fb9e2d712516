"""QuantisedConv2D and QuantisedDense: layers whose weights are levels of 1, 2 or 4 bits, computed in bit planes.

A product of k-bit and k'-bit levels is k k' products of signs, each weighted by a power of two (ops/levels.py). So Y is
an integer over (2**k - 1) (2**k' - 1); policies whose Y is in 32-bit floats divide it, others leave that to the norm
behind it, which takes any factor out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.formats import FORMATS
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.binary_dense import kept_input
from linocut.layers.convolution import Convolution
from linocut.layers.fully_connected import FullyConnected
from linocut.layers.gradient_scale import decide_exponent, gradient_scale
from linocut.layers.kinds import BITS, BITS_OF, LEVELS_2, LEVELS_4, PRODUCT, REAL
from linocut.layers.lowering import GRADIENT
from linocut.layers.norm_output import norm_work
from linocut.layers.parameters import Initial, Parameter, fan_in, weights
from linocut.layers.quantise import check_bits, emit_bytes, emit_quantise
from linocut.layers.values import Bits, Gradient, Product, Real, Value
from linocut.layers.weights import BinaryWeights, levels_format
from linocut.layers.window import VALID, Window, window
from linocut.ops import norm_gradient_sums
from linocut.ops.levels import PLANES, largest
from linocut.ops.norm import L1
from linocut.policies import Policy

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class QuantisedLayer(Layer):
    """Weights W^ = q_k(W), k being `bits`: levels from -1 to 1 of latent weights within [-1, 1]; of 1 bit their signs.

    `activation_bits` says which levels it is given, and may be left out: they are those of the quantise before it.
    `scaled`: W^ = mean|W| q_k(W), the mean being that of its output's weights, with its gradient where dW is in floats;
    as a norm of the policy l1 or scaled l1 cancels a factor of a channel, it is left out before these. `centred`: after
    each update latents lose their mean over the inputs, at each place of the kernel (XNOR-Net, arXiv 1603.05279).
    `floats`: Y is given as floats, for an activation or a sum without a norm between, and scaled under every policy.
    `span` is the latent weight that the largest level stands for: with 1, initial weights have the two levels beside 0
    alone, as they are small; a span of two standard deviations uses all from the first step on. SpecError for other
    bits than 1, 2 and 4, a span out of (0, 1], or of scaled weights, and where one input alone is to be centred.
    """

    takes: ClassVar[tuple[str, ...]] = (BITS, LEVELS_2, LEVELS_4)
    bits: int = 2
    activation_bits: int | None = None
    scaled: bool = False
    centred: bool = False
    floats: bool = False
    span: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bits(self.bits, f"{self.kind} bits")
        if self.activation_bits is not None:
            check_bits(self.activation_bits, f"{self.kind} activation_bits")
        for setting in ("scaled", "centred", "floats"):
            fields.flag(getattr(self, setting), f"{self.kind} {setting}")
        if not 0.0 < fields.number(self.span, f"{self.kind} span") <= 1.0:
            raise SpecError(f"{self.kind} span is {self.span:g}, must be above 0, up to 1")
        if self.scaled and self.span != 1.0:
            raise SpecError(f"{self.kind} span is {self.span:g}, must be 1 for scaled weights; leave one of them out")

    def gives(self, kind: str) -> str:
        """Products, or `floats`."""
        return REAL if self.floats else PRODUCT

    def uses_sizes(self, policy: Policy) -> bool:
        """Where its products are scaled by them."""
        return self.scales(policy)

    def scales(self, policy: Policy) -> bool:
        """Whether mean|W| is not cancelled under a policy."""
        return self.scaled and (self.floats or policy.norm == "l2")

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
        if self.centred and shape[-1] == 1:
            raise SpecError("centred weights of one input are all 0; leave centred out")
        return replace(weights(node, shape, binary=True), bits=self.bits)

    def quantised_cost(self, parameters: int, macs: int, kind: str) -> Cost:
        """The cost of so many weights and multiply-accumulates, given levels of a kind."""
        bits = BITS_OF[kind]
        macs *= bits * self.bits
        return Cost(binary_parameters=parameters, binary_macs=macs, input_bits=bits, weight_bits=self.bits)

    def divisor(self, kind: str) -> int:
        """The largest product of levels, given those of a kind: Y is an integer over it."""
        return largest(BITS_OF[kind]) * largest(self.bits)

    def levels_of_one(self, policy: Policy, planes: int, shape: Shape) -> float:
        """How much of an integer Y is 1, of inputs in so many planes and weights of a shape.

        Sizes of weights are in units of their format's one.
        """
        of_one = policy.weight_range(fan_in(shape)) if self.scaled else 1.0
        return largest(planes) * largest(self.bits) / of_one

    def multiplied(self, builder: Lowering, name: str, value: Value, moves: Window | None) -> Product | Real:
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
        self.real, self.divides = layer.floats, builder.policy.Y == "f32" and not layer.floats
        self.latent = not FORMATS[builder.form(self.own.stored)].is_bits
        self.scale: int | None = None

    def lower(self) -> Product | Real:
        y = self._product()
        self.scale = self._sizes()
        out = Real(self._floats(y)) if self.real else Product(self._divided(y))
        self.builder.on_backward(lambda: self._backward(out))
        return out

    def _backward(self, out: Product | Real) -> None:
        builder, dy = self.builder, out.taken()
        if self.scale is not None:
            dy = Gradient(self._scaled("dY", roles.DY, dy.buffer, self.scale), dy.exponent)
        if self.real and builder.policy.integer:
            dy = self._mantissas(dy.buffer)
        if self.value.wanted:
            self.value.give(builder, self._input_gradient(dy))
        if builder.learns(self.name):
            op, attributes = ("weight_gradient", None) if self.dense else ("conv2d_weight_gradient", self.moves)
            then = self._centre if self.layer.centred and self.latent else None
            operands = {"dy": dy.buffer, "x": self._input()}
            self.own.update(builder, op, operands, attributes, mend=self._add_gradient_of_scale, then=then)

    # --- what becomes of Y ---

    def _sizes(self) -> int | None:
        """Mean|W| of each output, where it is not cancelled; signs without a latent are as large as 1."""
        if not self.layer.scales(self.builder.policy) or not self.latent:
            return None
        shape = self.own.shape if len(self.own.shape) > 2 else (self.own.shape[0], 1, 1, self.own.shape[1])
        stored = self.builder.view(self.own.stored, f"{self.name}.latents", shape)
        scale = self.builder.transient(f"{self.name}.scale", roles.WORKSPACE, (1, shape[0]), "f32")
        self.builder.emit("channel_scale", {"weights": stored, "scale": scale})
        return scale

    def _divided(self, y: int) -> int:
        """Y in units of 1, where it is in floats."""
        if not self.divides or (self.largest_x * self.largest_w == 1 and self.scale is None):
            return y
        rows, shape = Initial(rows=(1.0 / (self.largest_x * self.largest_w),)), (1, self.own.shape[0])
        by = self.builder.memory(self.name, "unit", roles.WORKSPACE, shape, "f32", rows)
        if self.scale is not None:
            together = self.builder.transient(f"{self.name}.factor", roles.WORKSPACE, shape, "f32")
            self.builder.emit("scale_channels", {"x": self.scale, "scale": by, "y": together})
            by = together
        return self._scaled("scaled", roles.Y, y, by)

    def _levels_of_one(self) -> int:
        """What a norm of Y would be that makes it floats in units of 1: no mean, and what it is divided by."""
        rows = Initial(
            rows=(0.0, self.layer.levels_of_one(self.builder.policy, len(self.value.planes), self.own.shape))
        )
        return self.builder.memory(self.name, "levels", roles.WORKSPACE, (2, self.own.shape[0]), "f32", rows)

    def _floats(self, y: int) -> int:
        x = self.builder.transient(f"{self.name}.floats", roles.X, self.shape, self.builder.real_X)
        operands = {"y": y, "stats": self._levels_of_one(), "x": x}
        self.builder.emit("norm_apply", operands, {"norm": L1, "relu": 0.0})
        return x if self.scale is None else self._scaled("scaled", roles.X, x, self.scale)

    def _mantissas(self, g: int) -> Gradient:
        """The gradient of Y in integers, of that of floats."""
        builder, name, outputs = self.builder, self.name, self.own.shape[0]
        sums = builder.transient(f"{name}.sums", roles.WORKSPACE, (norm_gradient_sums.QUANTITIES, outputs), "f64")
        work = norm_work(builder, name, norm_gradient_sums.QUANTITIES, self.shape)
        everywhere = {"norm": L1, "ste": norm_gradient_sums.EVERYWHERE}
        builder.emit("norm_gradient_sums", {"dx": g, "x": g, "sums": sums, "work": work}, everywhere)
        builder.emit("keep_largest", {"sums": sums})
        dy = builder.gradient(f"{name}.dY", roles.DY, self.shape)
        unused = builder.transient(f"{name}.dbeta", roles.WORKSPACE, (1, outputs), "f32")
        operands = {"dx": g, "unit": builder.unit, "x": g, "stats": self._levels_of_one(), "sums": sums}
        operands |= {"dy": dy.buffer, "dy_exponent": dy.exponent, "dbeta": unused}
        operands["scale"] = gradient_scale(builder, name, "dY")
        builder.emit("norm_gradient", operands, everywhere)
        return dy

    # --- weights ---

    def _add_gradient_of_scale(self, dw: int) -> None:
        if self.scale is None:
            return
        shape = self.own.shape[0], fan_in(self.own.shape)
        one, other = (self.builder.view(b, f"{self.name}.rows", shape) for b in (dw, self.own.stored))
        operands = {"dw": one, "w": other, "scale": self.scale}
        self.builder.emit("scale_gradient", operands, {"planes": float(self.layer.bits)})

    def _centre(self) -> None:
        self.builder.emit("centre_weights", {"w": self.own.stored, "micro": self.builder.micro})

    def _planes(self) -> tuple[int, ...]:
        """The weights' levels, made now; of one bit their signs."""
        if self.layer.bits == 1:
            return (self.own.signs(self.builder),)
        planes = self._transient_planes("W", roles.W_SIGN, self.own.shape, self.layer.bits)
        emit_quantise(self.builder, self.own.stored, planes, span=float(self.layer.span))
        return planes

    def _transient_planes(self, what: str, role: str, shape: Shape, bits: int) -> tuple[int, ...]:
        names = (f"{self.name}.{what}.{plane}" for plane in PLANES[:bits])
        return tuple(self.builder.transient(name, role, shape, "bit") for name in names)

    def _product(self) -> int:
        """The sum of the products of all pairs of planes, the least significant pair first."""
        builder = self.builder
        form = "f32" if self.divides else levels_format(self.name, self._most())
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

    def _scaled(self, what: str, role: str, x: int, scale: int) -> int:
        y = self.builder.transient(f"{self.name}.{what}", role, self.shape, self.builder.form(x))
        self.builder.emit("scale_channels", {"x": x, "scale": scale, "y": y})
        return y

    def _input_gradient(self, dy: Gradient) -> Gradient:
        """dX = n sum dY L, n being the largest level of X, where Y counts levels; else the sum over n'."""
        builder = self.builder
        dx = builder.gradient(f"{self.name}.dX", roles.DX, self.before)
        planes = [self._as_images(plane) for plane in self._planes()]
        of_one = self.divides or (self.real and not builder.policy.integer)
        factor = 1.0 / self.largest_w if of_one else float(self.largest_x)
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
