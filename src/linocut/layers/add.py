"""Add: the sum of several inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Shape
from linocut.layers.join import Join
from linocut.layers.kinds import INPUT, NORMED, REAL
from linocut.layers.norm_output import form_numbers, keeps_only_bits
from linocut.layers.numbers import as_numbers
from linocut.layers.operations import Elementwise, Operation
from linocut.layers.values import Kept, Normed, Real, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Add(Join):
    """x1 + x2 + ..., in floats, of two inputs or more of one shape; each is given the gradient of the sum."""

    kind: ClassVar[str] = "add"
    takes: ClassVar[tuple[str, ...]] = (INPUT, NORMED, REAL)
    forms_norms: ClassVar[bool] = True

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
        """Forward: one sum after the other. Backward: the sum's gradient goes to each input.

        A norm of which bits are kept is added as it is formed.
        """
        late = [isinstance(value, Normed) and keeps_only_bits(builder, value) for value in values]
        late[0] = late[0] and not all(late)
        arms: list[Value] = []
        total: int | None = None
        for number, value in enumerate(values):
            if not late[number]:
                arm = as_numbers(builder, f"{name}.{number}", value)
                arms.append(arm)
                total = _sum(builder, name, total, arm.buffer)
        kept: list[tuple[Normed, Kept]] = []
        for number, value in enumerate(values):
            if late[number]:
                assert isinstance(value, Normed)
                form = builder.real_X
                total, of_norm = form_numbers(builder, f"{name}.{number}", value, form, total)
                kept.append((value, of_norm))
        assert total is not None
        out = Real(total)

        def backward() -> None:
            for norm, of_norm in kept:
                norm.kept = of_norm
            for arm in (*arms, *(norm for norm, _ in kept)):
                arm.give(builder, out.taken())

        builder.on_backward(backward)
        return out


def _sum(builder: Lowering, name: str, total: int | None, more: int) -> int:
    if total is None:
        return more
    y = builder.transient(f"{name}.sum", roles.X, builder.shape(more), builder.real_X)
    builder.emit("add", {"a": total, "b": more, "y": y})
    return y
