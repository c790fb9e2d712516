"""The gradient behind a sign or levels: where a straight-through estimator lets it pass, of floats and of norms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.lowering import PASSED
from linocut.layers.numbers import real_gradient
from linocut.layers.values import Bits, Kept, Normed, Real

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def gate_gradients(builder: Lowering, name: str, value: Real, out: Bits, gate: dict[str, int]) -> None:
    """Backward: the gradient of floats, through a mask, a slope or x (`gate`, by the operand of gate_gradient).

    Without a gate it passes whole.
    """
    if gate:
        builder.watched(name, PASSED, next(iter(gate.values())))

    def backward() -> None:
        given = out.taken()
        more = value.sum_so_far(builder)
        gradient = real_gradient(builder, f"{name}.dX", roles.DX, builder.shape(value.buffer))
        operands = {"dx": given.buffer, "dx_exponent": given.exponent, "more": more, "out": gradient.buffer}
        operands |= {**gate, "unit": None if given.exponent is None else builder.unit}
        builder.emit("gate_gradient", operands)
        value.give(builder, gradient)

    builder.on_backward(backward)


def gate_norm(builder: Lowering, name: str, value: Normed, out: Bits, kept: Kept) -> None:
    """Backward: the gradient of what is made of a norm goes to the norm, which masks it by what was kept."""
    if builder.training:
        builder.watched(name, PASSED, kept.x if kept.mask is None else kept.mask)

    def backward() -> None:
        value.kept = kept
        value.give(builder, out.taken())

    builder.on_backward(backward)
