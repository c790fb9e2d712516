"""q10_gru: all frames of GRU layers with block-circulant weights, in Q5.10; time is a dimension of the instruction.

    r, u = sigmoid(sat(product([x, h']) + b))      s = shift(r h', 10)
    d = tanh(sat(product_d([x, s]) + b_d))         h = sat(shift(u h' + (1024 - u) d, 10))

The sums of a product over x and over h' are exact together. A sequence of the batch ends at its length; beyond it y is
0 and its state stays. `fresh` begins with states of 0, else they are those that the last call left, as a live stream
needs. Source: Cho et al., arXiv 1406.1078; the integers are those of the LSTM's (q10_lstm.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from linocut.ops import q10_functions as functions
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.q10 import ONE, POINT, saturated, shift
from linocut.ops.q10_lstm import BLOCK, CELLS, INPUTS, MOST_WIDE, points
from linocut.ops.q10_transform import heard, product
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

GATES = 3  # reset, update, candidate
PRODUCTS = ("gates", "candidates")


def reference(
    *,
    x: View,
    lengths: View | None,
    inputs: View,
    recurrent: View,
    candidate: View,
    bias: View,
    states: View,
    y: View,
    heard_x: View,
    heard_y: View,
    gates: View,
    point: float,
    candidate_point: float,
    inverse: float,
    paper: float,
    fresh: float,
) -> None:
    """X (B, T, I) -> y (B, T, N).

    inputs (3, O, J, K) of r, u and d, recurrent (2, O, O, K) of r and u, candidate (O, O, K) are packed spectra, bias
    (3, N); states (B, N). heard_x, heard_y and gates are what the last frame of each sequence had: the spectra of x
    and of s, and r, u and d.
    """
    batch, frames, _ = x.shape
    out = y.image()
    if fresh:
        states.data[...] = 0
    ends = np.full(batch, frames) if lengths is None else np.clip(lengths.data.astype(np.int64), 0, frames)
    both, own = inputs.image()[:2], inputs.image()[2]
    cell = Cell(
        weights=np.concatenate([both, recurrent.image()], axis=2),
        candidate=np.concatenate([own, candidate.image()], axis=1),
        bias=bias.data.astype(np.int64),
        points=(int(point), int(candidate_point)),
        inverse=bool(inverse),
        paper=bool(paper),
    )
    for array in (y, heard_x, heard_y, gates):
        array.data[...] = 0
    for step in range(int(ends.max())):
        active = np.flatnonzero(step < ends)
        given = x.image()[active, step].astype(np.int64)
        found = cell.step(given, states.data[active].astype(np.int64))
        out[active, step] = states.data[active] = found["outputs"]
        heard_x.image()[active], heard_y.image()[active] = found["heard_x"], found["heard_y"]
        gates.image()[:, active] = found["gates"]


class Cell:
    """The weights of a cell, and one frame of some sequences."""

    def __init__(
        self,
        *,
        weights: Array,
        candidate: Array,
        bias: Array,
        points: tuple[int, int],
        inverse: bool,
        paper: bool,
        watch: Callable[[str, Array], None] | None = None,
    ) -> None:
        """Weights (2, O, J + O, K) of r and u, candidate (O, J + O, K), bias (3, N), `points` of both matrices.

        `watch` sees the integers of the "gates"' products, of the "candidates"' and of "cells" before they saturate.
        """
        self.weights, self.candidate, self.bias, self.points = weights, candidate, bias, points
        self.inverse, self.paper, self.watch = inverse, paper, watch
        self.block = weights.shape[-1]

    def step(self, x: Array, h: Array) -> dict[str, Array]:
        """One frame x (b, I) after states h (b, N), all int64; what it gives, by name."""
        heard_x = self._heard(x, 0)
        rows = self.weights.reshape(-1, *self.weights.shape[2:])
        sums = self._product(rows, np.concatenate([heard_x, self._heard(h, 0)], axis=-2), 0)
        a = sums.reshape(len(x), 2, -1) + self.bias[:2]
        self._saw(a)
        r, u = np.moveaxis(functions.sigmoid(saturated(a), paper=self.paper), 1, 0)
        heard_s = self._heard(shift(r * h, POINT), 1)
        both = np.concatenate([heard_x, heard_s], axis=-2)
        a = self._product(self.candidate, both, 1).reshape(len(x), -1) + self.bias[2]
        self._saw(a)
        d = functions.tanh(saturated(a), paper=self.paper)
        new = saturated(shift(u * h + (ONE - u) * d, POINT))
        return {"heard_x": heard_x, "heard_y": heard_s, "gates": np.stack([r, u, d]), "outputs": new}

    def _heard(self, x: Array, which: int) -> Array:
        return heard(x, self.block, all_inverse=self.inverse, watch=self._watching(which))

    def _product(self, weights: Array, spectrum: Array, which: int) -> Array:
        return product(weights, spectrum, self.points[which], all_inverse=self.inverse, watch=self._watching(which))

    def _watching(self, which: int) -> Callable[[Array], None] | None:
        return None if self.watch is None else partial(self.watch, PRODUCTS[which])

    def _saw(self, values: Array) -> None:
        if self.watch is not None:
            self.watch("cells", values)


SUMMED = Rule(f"J + O <= {MOST_WIDE}", f"{{J + O}} blocks are summed, at most {MOST_WIDE:,}; use larger blocks")

OP = Op(
    "q10_gru",
    127,
    "<x:i16[B,T,I] <lengths?:i32[B] <inputs:i16[3,O,J,K] <recurrent:i16[2,O,O,K] <candidate:i16[O,O,K] <bias:i16[3,N] "
    "=states:i16[B,N] >y:i16[B,T,N] >heard_x:i16[B,J,K] >heard_y:i16[B,O,K] >gates:i16[3,B,N]; "
    "point candidate_point inverse paper fresh",
    reference,
    (*points("point", "candidate_point"), BLOCK, SUMMED, INPUTS, CELLS),
    Amount("T * B * 6 * O * (J + O) * K"),
    workspace="6 + (J + O) * K / 256",
)
