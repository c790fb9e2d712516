"""Shifts and scales of channels in full precision: a bias, and gamma of a batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.norm_output import norm_work

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

SUMS = 1  # quantities that channel_sums adds up


def add_bias(builder: Lowering, name: str, y: int, part: str = "bias") -> None:
    """Emit y <- y + bias, in place; `part` is the parameter of the node `name`."""
    builder.emit("add_bias", {"y": y, "bias": builder.parameter(name, part)})


def update_by_sums(builder: Lowering, name: str, part: str, dy: int, x: int | None = None) -> None:
    """The gradient of a shift, the sum of dY over all rows, or of a scale, that of dY x; and the optimizer's step.

    Nothing of frozen ones.
    """
    if not builder.learns(name):
        return
    shape = builder.shape(dy)
    sums = builder.transient(f"{name}.d{part}", roles.BETA, (1, shape[-1]), "f32")
    work = norm_work(builder, f"{name}.{part}", SUMS, shape)
    builder.emit("channel_sums", {"a": dy, "b": x, "sums": sums, "work": work})
    in_units_of_one(builder, sums)
    builder.update(name, part, sums)


def in_units_of_one(builder: Lowering, gradient: int) -> None:
    """Emit from_unit for the gradient of a parameter, formed of float gradients, where these have a unit."""
    if builder.unit is not None:
        builder.emit("from_unit", {"x": gradient, "unit": builder.unit})
