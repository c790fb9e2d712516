"""GRU: gated recurrent units over sequences, their matrices in circulant blocks.

Of a step, with input x and the state h' of the step before (0 before the first), and s the sigmoid:

    r, u = s(W x + R h' + b)    d = tanh(W_d x + R_d (r h') + b_d)    h = u h' + (1 - u) d

with b starting at 1 and b_d at 0 (Cho et al., arXiv 1406.1078).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers import circulant
from linocut.layers.circulant_products import spectra, update
from linocut.layers.parameters import Initial, Parameter
from linocut.layers.parameters import bias as bias_of
from linocut.layers.recurrent import Kept, Recurrent

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

GATES = 3  # reset, update, candidate


@dataclass(frozen=True)
class GRU(Recurrent):
    """Gated recurrent units: (steps, features) to (steps, units).

    `units` are the cells, `block` the size of circulant blocks: 1 (dense), 2, 4, 8 or 16. Units fill whole blocks;
    features are padded. SpecError for settings that cannot be.
    """

    kind: ClassVar[str] = "gru"

    def matrices(self, features: int) -> tuple[tuple[int, int], ...]:
        """Of the step's input, of the last state to r and u, and of the reset state to the candidate."""
        units = self.units
        return ((features, GATES * units), (units, 2 * units), (units, units))

    def own_parameters(self, node: str, features: int, prefix: str) -> Iterator[Parameter]:
        """`input_weights` (input blocks, 3 unit blocks, block) of r, u and the candidate, `recurrent_weights` of r and
        u, `candidate_weights`, and `bias` (1, 3 units).
        """
        of_input, of_gates, of_candidate = self.matrices(features)
        whole = (features + self.units, 2 * self.units)
        yield circulant.weights(node, f"{prefix}input_weights", *of_input, self.block, whole)
        yield circulant.weights(node, f"{prefix}recurrent_weights", *of_gates, self.block, whole)
        one = (features + self.units, self.units)
        yield circulant.weights(node, f"{prefix}candidate_weights", *of_candidate, self.block, one)
        values = (1.0,) * (2 * self.units) + (0.0,) * self.units
        yield replace(bias_of(node, GATES * self.units, f"{prefix}bias"), initial=Initial(values=values))

    def step_multiplications(self, features: int) -> int:
        """Of the products; the transforms back are of sums over x and h'."""
        into, cells = (circulant.blocks_of(size, self.block) for size in (features, self.units))
        products = GATES * cells * (into + cells)
        transforms = into + 2 * cells + GATES * cells
        return products * circulant.of_product(self.block) + circulant.of_transforms(self.block, transforms)

    # --- lowering ---

    def run(self, builder: Lowering, name: str, x: int, prefix: str, lengths: int | None, *, keep: bool) -> Kept:
        """Emit all steps."""
        batch, steps = builder.shape(x)[:2]
        ax = self.input_products(builder, name, x, prefix, lengths, (batch, steps, GATES * self.units))
        y = builder.transient(f"{name}.Y", roles.X, (batch, steps, self.units), builder.real_X)
        kept = self.kept_gates(builder, name, prefix, ax) if keep else None
        operands = {
            "ax": ax,
            "recurrent": spectra(builder, name, "recurrent_weights"),
            "candidate": spectra(builder, name, "candidate_weights"),
            "lengths": lengths,
            "y": y,
            "gates": kept,
            "work": self._work(builder, name, batch),
        }
        builder.emit("gru", operands)
        return Kept(y, kept)

    def _work(self, builder: Lowering, name: str, batch: int) -> int:
        return builder.transient(f"{name}.work", roles.WORKSPACE, (batch, 4 * self.units), "f32")

    def gradients(
        self, builder: Lowering, name: str, prefix: str, dy: int, x: int, kept: Kept, lengths: int | None
    ) -> int:
        """Emit the backward pass but for dX; returns da, the gradient of what the input makes."""
        assert kept.gates is not None, "the gates are kept, or formed again"
        shape = builder.shape(dy)
        da = self.gates_gradient(builder, name, prefix, kept.gates)
        reset = builder.transient(f"{name}.reset", roles.WORKSPACE, shape, "f32")
        operands = {
            "dy": dy,
            "y": kept.y,
            "gates": kept.gates,
            "recurrent": spectra(builder, name, "recurrent_weights", turned=True),
            "candidate": spectra(builder, name, "candidate_weights", turned=True),
            "lengths": lengths,
            "da": da,
            "reset": reset,
            "work": self._work(builder, name, shape[0]),
        }
        builder.emit("gru_gradient", operands)
        update(builder, name, "recurrent_weights", {"dy": da, "x": kept.y, "lengths": lengths}, shift=1)
        of_candidate = {"dy": da, "x": reset, "lengths": lengths}
        update(builder, name, "candidate_weights", of_candidate, first=2 * self.units)
        return da
