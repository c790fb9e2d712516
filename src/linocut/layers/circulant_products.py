"""Products with circulant blocks while a layer is lowered: spectra of weights, products, gradients and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.biases import in_units_of_one
from linocut.layers.circulant import blocks_of
from linocut.layers.shape import Shape
from linocut.ops.circulant import TILE

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


def spectra(builder: Lowering, name: str, part: str, *, turned: bool = False) -> int:
    """The spectra of a part of the node `name`; with `turned` of the transposed matrix, for the gradient of x."""
    weights = builder.parameter(name, part)
    into, out, size = builder.shape(weights)
    summed, outputs = (out, into) if turned else (into, out)
    shape = (size, blocks_of(outputs, TILE), summed, TILE)
    found = builder.transient(f"{name}.{part}.spectra", roles.WORKSPACE, shape, "f32")
    builder.emit("circulant_spectra", {"weights": weights, "spectra": found}, {"turned": float(turned)})
    return found


def multiply(builder: Lowering, operands: dict[str, int | None], y: int) -> None:
    """Emit y = W x of the operands x, spectra, and where there are some bias and lengths."""
    builder.emit("circulant_product", {"bias": None, "lengths": None, **operands, "y": y})


def update(
    builder: Lowering,
    name: str,
    part: str,
    operands: dict[str, int | None],
    shift: int = 0,
    first: int = 0,
) -> None:
    """The gradient of a part from dy, x and lengths, and the optimizer's step; nothing of frozen ones."""
    if not builder.learns(name):
        return
    shape = builder.shape(builder.parameter(name, part))
    dw = builder.transient(f"{name}.d{part}", roles.DW, shape, "f32")
    attributes = {"shift": float(shift), "first": float(first)}
    builder.emit("circulant_weight_gradient", {"lengths": None, **operands, "dw": dw}, attributes)
    in_units_of_one(builder, dw)
    builder.update(name, part, dw)


def as_sequences(shape: Shape) -> Shape:
    """The shape of a batch as sequences: vectors are those of one step."""
    return shape if len(shape) == 3 else (shape[0], 1, shape[1])


def lengths_of(builder: Lowering, name: str, steps: int) -> int | None:
    """The buffer of the lengths of sequences that the node `name` is given; SpecError where it is given other ones."""
    if builder.lengths is None:
        return None
    if builder.lengths.steps != steps:
        raise SpecError(
            f"{name} is given {steps:,} steps of sequences that have up to {builder.lengths.steps:,} where they come "
            "in: where they end is not known any more; take layers between that leave the steps as they are, or an "
            "input layer, whose sequences are all of one length"
        )
    return builder.lengths.buffer
