"""SequencePool: one vector of a sequence: the mean of its steps, or the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.circulant_products import lengths_of
from linocut.layers.kinds import NORMED, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.operations import Elementwise, Operation
from linocut.layers.values import Real, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

MEAN, LAST = "mean", "last"


@dataclass(frozen=True)
class SequencePool(Layer):
    """The mean of a sequence's steps, or its last one, as `function` says: (steps, features) to (features,).

    Steps behind the end of a sequence take no part (see sequence_input). SpecError but for "mean" and "last".
    """

    kind: ClassVar[str] = "sequence_pool"
    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)
    function: str = MEAN

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.one_of(self.function, f"{self.kind} function", (MEAN, LAST))

    def output_shape(self, shape: Shape) -> Shape:
        """(features,)."""
        if len(shape) != 2:
            raise SpecError(f"takes a sequence (steps, features), not {shape}")
        return (shape[1],)

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """All steps for each feature, or one."""
        steps, features = shapes[0]
        return Elementwise(features, steps if self.function == MEAN else 1)

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: a vector of each sequence. Backward: to each step its share."""
        x = as_numbers(builder, name, value)
        before = builder.shape(x.buffer)
        lengths = lengths_of(builder, name, before[1])
        attributes = {"last": float(self.function == LAST)}
        out = Real(builder.transient(f"{name}.X", roles.X, (before[0], before[2]), builder.real_X))
        builder.emit("sequence_pool", {"x": x.buffer, "lengths": lengths, "y": out.buffer}, attributes)

        def backward() -> None:
            dx = real_gradient(builder, f"{name}.dX", roles.DX, before)
            operands = {"dy": out.taken().buffer, "lengths": lengths, "dx": dx.buffer}
            builder.emit("sequence_pool_gradient", operands, attributes)
            x.give(builder, dx)

        builder.on_backward(backward)
        return out
