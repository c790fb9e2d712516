"""Add: the sum of several inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Shape
from linocut.layers.join import Join
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.numbers import as_numbers
from linocut.layers.operations import Elementwise, Operation
from linocut.layers.values import Real, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Add(Join):
    """x1 + x2 + ..., in floats, of two inputs or more of one shape; each is given the gradient of the sum."""

    kind: ClassVar[str] = "add"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)

    def shape_of(self, shapes: Sequence[Shape]) -> Shape:
        """That of each input; SpecError where they differ."""
        for shape in shapes:
            if shape != shapes[0]:
                raise SpecError(
                    f"inputs of {shapes[0]} and {shape} cannot be added; give them the same strides and filters"
                )
        return shapes[0]

    def kind_of(self, kinds: Sequence[str]) -> str:
        """Floats."""
        return REAL

    def operation(self, shapes: Sequence[Shape]) -> Operation:
        """A sum of so many inputs an element."""
        return Elementwise(math.prod(shapes[0]), len(shapes))

    def lower_all(self, builder: Lowering, name: str, values: Sequence[Value]) -> Value:
        """Forward: one sum after the other. Backward: the sum's gradient goes to each input."""
        arms = [as_numbers(builder, f"{name}.{number}", value) for number, value in enumerate(values)]

        def sum_of(a: int, b: int) -> int:
            y = builder.transient(f"{name}.sum", roles.X, builder.shape(a), builder.policy.real)
            builder.emit("add", {"a": a, "b": b, "y": y})
            return y

        out = Real(reduce(sum_of, (arm.buffer for arm in arms)))

        def backward() -> None:
            for arm in arms:
                arm.give(builder, out.taken())

        builder.on_backward(backward)
        return out
