"""as_numbers: a value as floats, formed if it is not yet: what the full-precision layers take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.norm_output import form_numbers
from linocut.layers.values import Given, Gradient, Normed, Real, Value

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def as_numbers(builder: Lowering, name: str, value: Value) -> Real:
    """The value in the policy's format of full-precision activations. Backward: its gradient goes to the norm."""
    if isinstance(value, Real):
        return value
    if isinstance(value, Given):
        return _input_numbers(builder, name, value)
    assert isinstance(value, Normed)
    numbers, kept = form_numbers(builder, name, value, builder.real_X)
    out = Real(numbers, wanted=value.wanted)

    def backward() -> None:
        value.kept = kept
        value.give(builder, out.taken())

    builder.on_backward(backward)
    return out


def real_gradient(builder: Lowering, name: str, role: str, shape: tuple[int, ...]) -> Gradient:
    """The buffer of a gradient in full precision."""
    return Gradient(builder.transient(name, role, shape, builder.real_X))


def _input_numbers(builder: Lowering, name: str, value: Given) -> Real:
    """Bytes u as (2u - 255) / 255; no gradient is wanted."""
    if builder.form(value.buffer) != "u8":
        return Real(value.buffer, wanted=False)

    def formed() -> int:
        x = builder.transient(f"{name}.input", roles.X, builder.shape(value.buffer), builder.real_X)
        builder.emit("to_numbers", {"x": value.buffer, "y": x})
        return x

    return Real(formed(), formed, wanted=False)
