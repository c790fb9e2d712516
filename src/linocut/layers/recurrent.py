"""What every recurrent layer has: cells, whose state goes from step to step of a sequence, in circulant blocks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers import circulant
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.biases import update_by_sums
from linocut.layers.circulant_products import lengths_of, multiply, spectra, update
from linocut.layers.fully_connected import check_outputs
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.lowering import GRADIENT, Gradient
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.operations import Circulant, Operation
from linocut.layers.parameters import Parameter
from linocut.layers.values import Real, Value
from linocut.policies import AGAIN

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

FORWARD, BACKWARD = "", "backward_"  # what the parts of a direction begin with


@dataclass(frozen=True)
class Kept:
    """The buffers of a direction's outputs y, and of what is kept for its backward pass, None where nothing is."""

    y: int
    gates: int | None
    cells: int | None = None


@dataclass(frozen=True)
class Recurrent(Layer):
    """(steps, features) to (steps, outputs). `units` are the cells, `block` the size of circulant blocks."""

    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    units: int
    block: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} units", self.units)
        circulant.check_block(f"{self.kind} block", self.block)
        self._check_whole("units", self.units)

    def _check_whole(self, what: str, count: int) -> None:
        """SpecError unless so many of something fill whole blocks: gates would share one."""
        if count % self.block:
            more = circulant.blocks_of(count, self.block) * self.block
            raise SpecError(
                f"{self.kind} {what} is {count:,}, must be a multiple of the block {self.block}, as no block is of two "
                f"gates; the next is {more:,}"
            )

    @property
    def outputs(self) -> int:
        """How many numbers it gives for a step."""
        return self.units

    def output_shape(self, shape: Shape) -> Shape:
        """(steps, outputs)."""
        if len(shape) != 2:
            raise SpecError(f"takes a sequence (steps, features), not {shape}")
        return shape[0], self.outputs

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    @property
    def directions(self) -> tuple[str, ...]:
        """What the parts of each direction begin with."""
        return (FORWARD,)

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Of each direction the parts of `own_parameters`."""
        return tuple(one for prefix in self.directions for one in self.own_parameters(node, shape[-1], prefix))

    @abstractmethod
    def own_parameters(self, node: str, features: int, prefix: str) -> Iterator[Parameter]:
        """Those of one direction, whose parts begin with `prefix`."""

    @abstractmethod
    def matrices(self, features: int) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of each product of one step of one direction."""

    @abstractmethod
    def step_multiplications(self, features: int) -> int:
        """Those of products and transforms of one step of one direction; element by element there are more."""

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Its numbers, and the multiplications of products and transforms of all steps."""
        count = sum(_size(parameter.shape) for parameter in self.parameters("", shape))
        macs = shape[0] * len(self.directions) * self.step_multiplications(shape[-1])
        return Cost(real_parameters=count, real_macs=macs, input_bits=REAL_BITS)

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """Products of all its matrices in each step, of every direction."""
        steps, features = shapes[0]
        count = len(self.directions)
        weights = count * sum(circulant.numbers(*matrix, self.block) for matrix in self.matrices(features))
        return Circulant(weights, count * self.step_multiplications(features), steps)

    # --- lowering ---

    @abstractmethod
    def run(self, builder: Lowering, name: str, x: int, prefix: str, lengths: int | None, *, keep: bool) -> Kept:
        """Emit all steps of one direction; with `keep` gates and states are kept for a backward pass."""

    @abstractmethod
    def gradients(
        self, builder: Lowering, name: str, prefix: str, dy: int, x: int, kept: Kept, lengths: int | None
    ) -> int:
        """Emit the backward pass of one direction but for the input's; returns da, the gradient of what that makes."""

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: all steps of each direction, and their sum. Backward: dX, then the updates."""
        x = as_numbers(builder, name, value)
        lengths = lengths_of(builder, name, builder.shape(x.buffer)[1])
        outs = [self._direction(builder, name, x, prefix, lengths) for prefix in self.directions]
        return outs[0] if len(outs) == 1 else _sum(builder, name, outs)

    def _direction(self, builder: Lowering, name: str, x: Real, prefix: str, lengths: int | None) -> Real:
        again = builder.policy.retained_gates == AGAIN
        keep = builder.training and not again
        kept = self.run(builder, name, x.buffer, prefix, lengths, keep=keep)
        out = Real(kept.y)

        def backward() -> None:
            given = x.buffer if x.again is None else x.again()
            formed = self.run(builder, name, given, prefix, lengths, keep=True) if again else kept
            dy = out.taken().buffer
            da = self.gradients(builder, name, prefix, dy, given, formed, lengths)
            part = f"{prefix}input_weights"
            if x.wanted:
                dx = real_gradient(builder, f"{name}.{prefix}dX", roles.DX, builder.shape(given))
                turned = spectra(builder, name, part, turned=True)
                multiply(builder, {"x": da, "spectra": turned, "lengths": lengths}, dx.buffer)
                builder.watched(name, GRADIENT, dx.buffer, builder.unit)
                x.give(builder, dx)
            update(builder, name, part, {"dy": da, "x": given, "lengths": lengths})
            update_by_sums(builder, name, f"{prefix}bias", da)

        builder.on_backward(backward)
        return out

    def input_products(
        self, builder: Lowering, name: str, x: int, prefix: str, lengths: int | None, shape: Shape
    ) -> int:
        """Emit what the input of all steps makes of the gates, (batch, steps, gates), with the bias."""
        ax = builder.transient(f"{name}.{prefix}gates", roles.Y, shape, "f32")
        operands = {"x": x, "spectra": spectra(builder, name, f"{prefix}input_weights"), "lengths": lengths}
        multiply(builder, {**operands, "bias": builder.parameter(name, f"{prefix}bias")}, ax)
        return ax

    def kept_gates(self, builder: Lowering, name: str, prefix: str, ax: int) -> int:
        """The buffer in which gates are kept: in floats in the place of what the input made of them."""
        form = builder.policy.retained_gates
        form = "f32" if form == AGAIN else form
        if form == builder.form(ax):
            return builder.view(ax, f"{name}.{prefix}X", builder.shape(ax), roles.X)
        return builder.transient(f"{name}.{prefix}X", roles.X, builder.shape(ax), form)

    def gates_gradient(self, builder: Lowering, name: str, prefix: str, gates: int) -> int:
        """The buffer of da, in the place of gates in floats."""
        if builder.form(gates) == "f32":
            return builder.view(gates, f"{name}.{prefix}dgates", builder.shape(gates), roles.DY)
        return builder.transient(f"{name}.{prefix}dgates", roles.DY, builder.shape(gates), "f32")


def _sum(builder: Lowering, name: str, values: Sequence[Real]) -> Real:
    """The sum of both directions, whose gradient both get."""
    one, other = values
    out = Real(builder.transient(f"{name}.Y", roles.X, builder.shape(one.buffer), builder.real_X))
    builder.emit("add", {"a": one.buffer, "b": other.buffer, "y": out.buffer})

    def backward() -> None:
        gradient = Gradient(out.taken().buffer)
        for value in values:
            value.give(builder, gradient)

    builder.on_backward(backward)
    return out


def _size(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
