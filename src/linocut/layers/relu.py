"""ReLU: max(x, 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import NORMED, REAL
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.values import Real, Value

if TYPE_CHECKING:
    from linocut.compile.builder import Builder
    from linocut.layers.placed import Placed


@dataclass(frozen=True)
class ReLU(Layer):
    """max(x, 0), in numbers; one bit an element is kept for the backward pass."""

    kind: ClassVar[str] = "relu"
    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """Numbers."""
        return REAL

    def lower(self, builder: Builder, place: Placed, value: Value) -> Value:
        """Forward: the numbers and where they pass. Backward: the gradient where they did."""
        name, x = place.name, as_numbers(builder, place.name, value)
        shape = builder.shape(x.buffer)
        mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit") if builder.training else None
        out = Real(builder.transient(f"{name}.X", roles.X, shape, builder.policy.real))
        builder.emit("relu", {"x": x.buffer, "y": out.buffer, "mask": mask})

        def backward() -> None:
            gradient = real_gradient(builder, f"{name}.dX", roles.DX, shape)
            builder.emit("gate_gradient", {"dx": out.taken().buffer, "mask": mask, "out": gradient.buffer})
            x.give(builder, gradient)

        builder.on_backward(backward)
        return out
