"""ReLU, HardTanh, Tanh and Sigmoid: float activations, element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.input import F32_MAX
from linocut.layers.kinds import NORMED, REAL
from linocut.layers.norm_output import keeps_only_bits
from linocut.layers.numbers import as_numbers, real_gradient
from linocut.layers.values import Normed, Real, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each number."""

    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """Floats."""
        return REAL


@dataclass(frozen=True)
class ReLU(Activation):
    """max(x, 0), in floats; one bit an element is kept for the backward pass."""

    kind: ClassVar[str] = "relu"
    forms_norms: ClassVar[bool] = True

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the values and where they pass. Backward: the gradient where they did.

        Behind a norm that keeps x as bits it is part of that: these tell where the gradient passes.
        """
        if isinstance(value, Normed) and not value.learns_shift_alone and keeps_only_bits(builder, value):
            value.rectified = True
            return value
        x = as_numbers(builder, name, value)
        shape = builder.shape(x.buffer)
        mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit") if builder.training else None
        out = Real(builder.transient(f"{name}.X", roles.X, shape, builder.real_X))
        builder.emit("relu", {"x": x.buffer, "y": out.buffer, "mask": mask})

        def backward() -> None:
            gradient = real_gradient(builder, f"{name}.dX", roles.DX, shape)
            builder.emit("gate_gradient", {"dx": out.taken().buffer, "mask": mask, "out": gradient.buffer})
            x.give(builder, gradient)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class HardTanh(Activation):
    """x within [-limit, limit], in floats; one bit an element is kept for the backward pass, which passes |x| <= limit.

    In front of a sign it says alone where the gradient passes, if the sign's estimator is "identity". SpecError for a
    limit that is not above 0.
    """

    kind: ClassVar[str] = "hard_tanh"
    limit: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < fields.number(self.limit, "hard_tanh limit") <= F32_MAX:
            raise SpecError(f"hard_tanh limit is {self.limit:g}, must be above 0, such as 1.0")

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the values and where they pass. Backward: the gradient where they did."""
        x = as_numbers(builder, name, value)
        shape = builder.shape(x.buffer)
        mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit") if builder.training else None
        out = Real(builder.transient(f"{name}.X", roles.X, shape, builder.real_X))
        builder.emit("hard_tanh", {"x": x.buffer, "y": out.buffer, "mask": mask}, {"limit": self.limit})

        def backward() -> None:
            gradient = real_gradient(builder, f"{name}.dX", roles.DX, shape)
            operands = {"dx": out.taken().buffer, "mask": mask, "more": x.sum_so_far(builder), "out": gradient.buffer}
            builder.emit("gate_gradient", operands)
            x.give(builder, gradient)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class _Smooth(Activation):
    """A function whose slope follows from its own value, which is kept for the backward pass."""

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Forward: the function. Backward: the gradient times its slope."""
        x = as_numbers(builder, name, value)
        shape = builder.shape(x.buffer)
        out = Real(builder.transient(f"{name}.X", roles.X, shape, builder.real_X))
        builder.emit(self.kind, {"x": x.buffer, "y": out.buffer})

        def backward() -> None:
            gradient = real_gradient(builder, f"{name}.dX", roles.DX, shape)
            operands = {"dy": out.taken().buffer, "y": out.buffer, "dx": gradient.buffer}
            builder.emit(f"{self.kind}_gradient", operands)
            x.give(builder, gradient)

        builder.on_backward(backward)
        return out


@dataclass(frozen=True)
class Tanh(_Smooth):
    """tanh(x), in floats."""

    kind: ClassVar[str] = "tanh"


@dataclass(frozen=True)
class Sigmoid(_Smooth):
    """1 / (1 + e^-x), in floats."""

    kind: ClassVar[str] = "sigmoid"
