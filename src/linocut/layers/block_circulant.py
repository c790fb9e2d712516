"""BlockCirculantDense: a fully connected layer, of each vector or of each step of a sequence, in circulant blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers import circulant
from linocut.layers.base import REAL_BITS, Cost, Layer, Shape
from linocut.layers.biases import update_by_sums
from linocut.layers.circulant_products import as_sequences, multiply, spectra, update
from linocut.layers.fully_connected import check_outputs
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.lowering import GRADIENT
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.operations import Circulant, Operation, Product
from linocut.layers.parameters import WEIGHTS, Parameter
from linocut.layers.parameters import bias as bias_of
from linocut.layers.values import Real, Value, reshaped

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

BIAS = "bias"


@dataclass(frozen=True)
class BlockCirculantDense(Layer):
    """Y = W X of a matrix of circulant blocks, plus a bias for each unit where `bias` is true.

    (features,) to (units,), or of each step, (steps, features) to (steps, units). `block` is the size of blocks: 1 (a
    dense matrix), 2, 4, 8 or 16. Features and units that do not fill whole blocks are padded. SpecError for another
    block.
    """

    kind: ClassVar[str] = "block_circulant_dense"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    units: int
    block: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_outputs(f"{self.kind} units", self.units)
        circulant.check_block(f"{self.kind} block", self.block)
        fields.flag(self.bias, f"{self.kind} bias")

    def output_shape(self, shape: Shape) -> Shape:
        """(units,), or (steps, units)."""
        if len(shape) > 2:
            raise SpecError(f"takes (features,) or (steps, features), not {shape}; put a flatten before it")
        return (*shape[:-1], self.units)

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """Weights (input blocks, output blocks, block), and the bias (1, units)."""
        whole = shape[-1], self.units
        own = circulant.weights(node, WEIGHTS, *whole, self.block, whole)
        return (own, bias_of(node, self.units)) if self.bias else (own,)

    def cost(self, shape: Shape, kind: str) -> Cost:
        """Its numbers, and the multiplications of one example: of spectra and of their transforms."""
        whole = shape[-1], self.units
        parameters = circulant.numbers(*whole, self.block) + self.bias * self.units
        macs = math.prod(shape[:-1]) * circulant.multiplications(*whole, self.block)
        return Cost(real_parameters=parameters, real_macs=macs, input_bits=REAL_BITS)

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A product of each step; in blocks of 1 that of a dense layer."""
        shape = shapes[0]
        whole, steps = (shape[-1], self.units), math.prod(shape[:-1])
        if self.block == 1:
            return Product(1, *whole, 1, steps)
        return Circulant(circulant.numbers(*whole, self.block), circulant.multiplications(*whole, self.block), steps)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: Y. Backward: dX unless the input is the network's, then dW, db and the updates."""
        x = as_numbers(builder, name, value)
        before = builder.shape(x.buffer)
        given = reshaped(builder, f"{name}.sequences", x, as_sequences(before))
        y = self._multiplied(builder, name, given)
        return reshaped(builder, f"{name}.out", y, (*before[:-1], self.units))

    def _multiplied(self, builder: Lowering, name: str, x: Real) -> Real:
        shape = builder.shape(x.buffer)
        out = Real(builder.transient(f"{name}.Y", roles.Y, (*shape[:-1], self.units), builder.real_X))
        bias = builder.parameter(name, BIAS) if self.bias else None
        multiply(builder, {"x": x.buffer, "spectra": spectra(builder, name, WEIGHTS), "bias": bias}, out.buffer)

        def backward() -> None:
            dy = out.taken().buffer
            if x.wanted:
                dx = real_gradient(builder, f"{name}.dX", roles.DX, shape)
                multiply(builder, {"x": dy, "spectra": spectra(builder, name, WEIGHTS, turned=True)}, dx.buffer)
                builder.watched(name, GRADIENT, dx.buffer, builder.unit)
                x.give(builder, dx)
            kept = x.buffer if x.again is None else x.again()
            update(builder, name, WEIGHTS, {"dy": dy, "x": kept})
            if self.bias:
                update_by_sums(builder, name, BIAS, dy)

        builder.on_backward(backward)
        return out
