"""as_numbers: a value in numbers, formed if it is not yet: what the full-precision layers take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.norm_output import keep_numbers, keep_signs
from linocut.layers.values import Given, Gradient, Kept, Normed, Real, Value
from linocut.ops.norm import L2

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def as_numbers(builder: Lowering, name: str, value: Value) -> Real:
    """The value in the policy's format of full-precision activations. Backward: its gradient goes to the norm."""
    if isinstance(value, Real):
        return value
    if isinstance(value, Given):
        return _input_numbers(builder, name, value)
    assert isinstance(value, Normed)
    bits = builder.policy.X == "bit"
    by_bits = bits and value.norm != L2  # the l2 norm's derivative needs the numbers themselves
    kept = keep_signs(builder, name, value, ste=False) if by_bits and builder.training else None
    out = Real(keep_numbers(builder, name, value, builder.policy.real if bits else None))

    def backward() -> None:
        value.kept = kept or Kept(out.buffer, ste=False)
        value.give(builder, out.taken())

    builder.on_backward(backward)
    return out


def real_gradient(builder: Lowering, name: str, role: str, shape: tuple[int, ...]) -> Gradient:
    """The buffer of a gradient in full precision."""
    return Gradient(builder.transient(name, role, shape, builder.policy.real))


def _input_numbers(builder: Lowering, name: str, value: Given) -> Real:
    """Bytes u as (2u - 255) / 255; no gradient is wanted."""
    if builder.form(value.buffer) != "u8":
        return Real(value.buffer)
    x = builder.transient(f"{name}.input", roles.X, builder.shape(value.buffer), builder.policy.real)
    builder.emit("to_numbers", {"x": value.buffer, "y": x})
    return Real(x)
