"""LSTM: long short-term memory over sequences, its matrices in circulant blocks.

Of a step, with input x, the state c' and y' of the step before (0 before the first), and s the sigmoid:

    i = s(a_i + w_ic c')    f = s(a_f + 1 + w_fc c')    c = f c' + i act(a_g)    o = s(a_o + w_oc c)    m = o tanh(c)

where a = W x + R y' + b in the order i, g, f, o, and y = P m, or m (arXiv 1803.06305; Sak et al., arXiv 1402.1128).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers import circulant
from linocut.layers.biases import in_units_of_one
from linocut.layers.circulant_products import spectra, update
from linocut.layers.norm_output import norm_work
from linocut.layers.parameters import BIAS, Parameter
from linocut.layers.parameters import bias as bias_of
from linocut.layers.recurrent import BACKWARD, FORWARD, Kept, Recurrent
from linocut.ops.lstm import ROWS

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

GATES = 4  # input, candidate, forget, output
PEEPHOLES = 3  # of the input, the forget and the output gate
TANH, SIGMOID = "tanh", "sigmoid"
MOST_CLIP = 1e6


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Long short-term memory: (steps, features) to (steps, units), or to (steps, projection) where there is one.

    `units` are the cells, `block` the size of circulant blocks: 1 (dense), 2, 4, 8 or 16. With `peepholes` the gates
    see the cells; `projection` is how many outputs a matrix makes of the cells' (0: none). With `bidirectional` a
    second one goes from the last step to the first, and their outputs are added. `candidate` is what is taken of a new
    cell, "tanh" or "sigmoid". Cells stay within `clip` (0: no bound). Units and projection fill whole blocks; features
    are padded. SpecError for settings that cannot be.
    """

    kind: ClassVar[str] = "lstm"
    peepholes: bool = False
    projection: int = 0
    bidirectional: bool = False
    candidate: str = TANH
    clip: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("peepholes", "bidirectional"):
            fields.flag(getattr(self, name), f"{self.kind} {name}")
        fields.whole(self.projection, f"{self.kind} projection")
        self._check_whole("projection", self.projection)
        fields.one_of(self.candidate, f"{self.kind} candidate", (TANH, SIGMOID))
        if not 0.0 <= fields.number(self.clip, f"{self.kind} clip") <= MOST_CLIP:
            raise SpecError(f"{self.kind} clip is {self.clip}, must be 0 (no bound) to {MOST_CLIP:,.0f}")

    @property
    def outputs(self) -> int:
        """How many numbers it gives for a step."""
        return self.projection or self.units

    @property
    def directions(self) -> tuple[str, ...]:
        """What the parts of each direction begin with."""
        return (FORWARD, BACKWARD) if self.bidirectional else (FORWARD,)

    def matrices(self, features: int) -> tuple[tuple[int, int], ...]:
        """Of the step's input, of the last output, and of the projection."""
        gates = GATES * self.units
        own = ((features, gates), (self.outputs, gates))
        return (*own, (self.units, self.projection)) if self.projection else own

    def own_parameters(self, node: str, features: int, prefix: str) -> Iterator[Parameter]:
        """Those of one direction.

        `input_weights` and `recurrent_weights` (input blocks, 4 unit blocks, block), the columns of the four gates in
        the order i, g, f, o; `bias` (1, 4 units); `peepholes` (3, units) of i, f, o; `projection` (unit blocks, output
        blocks, block).
        """
        of_input, of_output, *of_cells = self.matrices(features)
        whole = (features + self.outputs, of_input[1])
        yield circulant.weights(node, f"{prefix}input_weights", *of_input, self.block, whole)
        yield circulant.weights(node, f"{prefix}recurrent_weights", *of_output, self.block, whole)
        yield bias_of(node, GATES * self.units, f"{prefix}bias")
        if self.peepholes:
            yield Parameter(node, f"{prefix}peepholes", (PEEPHOLES, self.units), BIAS)
        for projection in of_cells:
            yield circulant.weights(node, f"{prefix}projection", *projection, self.block, projection)

    def step_multiplications(self, features: int) -> int:
        """Of the products; the transforms back are of sums over x and y'."""
        blocks = [circulant.blocks_of(size, self.block) for size in (features, self.outputs, self.units)]
        of_input, of_output, of_cells = blocks
        products = GATES * of_cells * (of_input + of_output)
        transforms = of_input + of_output + GATES * of_cells
        if self.projection:
            products += of_cells * of_output
            transforms += of_cells + of_output
        return products * circulant.of_product(self.block) + circulant.of_transforms(self.block, transforms)

    # --- lowering, by the direction that parts begin with ---

    def run(self, builder: Lowering, name: str, x: int, prefix: str, lengths: int | None, *, keep: bool) -> Kept:
        """Emit all steps of one direction."""
        batch, steps = builder.shape(x)[:2]
        gates = (batch, steps, GATES * self.units)
        ax = self.input_products(builder, name, x, prefix, lengths, gates)
        y = builder.transient(f"{name}.{prefix}Y", roles.X, (batch, steps, self.outputs), builder.real_X)
        kept = self.kept_gates(builder, name, prefix, ax) if keep else None
        shape = (batch, steps, self.units)
        cells = builder.transient(f"{name}.{prefix}cells", roles.X, shape, builder.real_X) if keep else None
        work = (batch, 6 * self.units + self.outputs)
        operands = {
            "ax": ax,
            "recurrent": spectra(builder, name, f"{prefix}recurrent_weights"),
            "peepholes": builder.parameter(name, f"{prefix}peepholes") if self.peepholes else None,
            "projection": spectra(builder, name, f"{prefix}projection") if self.projection else None,
            "lengths": lengths,
            "y": y,
            "gates": kept,
            "cells": cells,
            "work": builder.transient(f"{name}.{prefix}work", roles.WORKSPACE, work, "f32"),
        }
        builder.emit("lstm", operands, self._attributes(prefix))
        return Kept(y, kept, cells)

    def _attributes(self, prefix: str) -> dict[str, float]:
        sigmoid, backwards = self.candidate == SIGMOID, prefix == BACKWARD
        return {"sigmoid": float(sigmoid), "bound": float(self.clip), "backwards": float(backwards)}

    def gradients(
        self, builder: Lowering, name: str, prefix: str, dy: int, x: int, kept: Kept, lengths: int | None
    ) -> int:
        """Emit the backward pass of one direction but for dX; returns da, the gradient of what the input makes."""
        assert kept.gates is not None and kept.cells is not None, "the gates are kept, or formed again"
        batch = builder.shape(x)[0]
        da = self.gates_gradient(builder, name, prefix, kept.gates)
        total = builder.transient(f"{name}.dY", roles.DY, builder.shape(dy), "f32") if self.projection else None
        shape = (circulant.blocks_of(batch, ROWS), PEEPHOLES * self.units)
        sums = builder.transient(f"{name}.sums", roles.WORKSPACE, shape, "f32") if self.peepholes else None
        work = (batch, 2 * self.units + 2 * self.outputs)
        operands = {
            "dy": dy,
            "gates": kept.gates,
            "cells": kept.cells,
            "recurrent": spectra(builder, name, f"{prefix}recurrent_weights", turned=True),
            "peepholes": builder.parameter(name, f"{prefix}peepholes") if self.peepholes else None,
            "projection": spectra(builder, name, f"{prefix}projection", turned=True) if self.projection else None,
            "lengths": lengths,
            "da": da,
            "total": total,
            "sums": sums,
            "work": builder.transient(f"{name}.{prefix}work", roles.WORKSPACE, work, "f32"),
        }
        builder.emit("lstm_gradient", operands, self._attributes(prefix))
        self._update(builder, name, prefix, {"dy": da, "x": kept.y, "lengths": lengths}, total, kept.cells, sums)
        return da

    def _update(
        self,
        builder: Lowering,
        name: str,
        prefix: str,
        operands: dict[str, int | None],
        total: int | None,
        hidden: int,
        sums: int | None,
    ) -> None:
        """The updates of all parts but those of the input."""
        step = -1 if prefix == BACKWARD else 1
        update(builder, name, f"{prefix}recurrent_weights", operands, shift=step)
        if total is not None:
            of_projection = {"dy": total, "x": hidden, "lengths": operands["lengths"]}
            update(builder, name, f"{prefix}projection", of_projection)
        if sums is not None and builder.learns(name):
            self._update_peepholes(builder, name, f"{prefix}peepholes", sums)

    def _update_peepholes(self, builder: Lowering, name: str, part: str, sums: int) -> None:
        shape = builder.shape(sums)
        found = builder.transient(f"{name}.d{part}", roles.BETA, (1, shape[1]), "f32")
        work = norm_work(builder, f"{name}.{part}", 1, shape)
        builder.emit("channel_sums", {"a": sums, "b": None, "sums": found, "work": work})
        in_units_of_one(builder, found)
        builder.update(name, part, builder.view(found, f"{name}.d{part}.rows", (PEEPHOLES, self.units)))
