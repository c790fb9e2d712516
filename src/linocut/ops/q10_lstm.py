"""q10_lstm: all frames of LSTM layers with block-circulant weights, in Q5.10; time is a dimension of the instruction.

    a = product([x, y']) + bias + shift(peephole c, 10)      gates in the order i, g, f, o; o's peephole sees the new c
    c = sat(shift(f c' + i g, 10))     m = shift(o tanh c, 10)     y = product(m), or m

A sequence of the batch ends at its length; beyond it y is 0 and its states stay. `backwards` begins at the last frame
of each. With a `bound` c is cut to [-bound, bound]. `fresh` begins with states of 0, else they are those that the last
call left, as a live stream needs. The forget gate's bias has 1 within it. Source: arXiv 1803.06305; the order of gates
is that of its authors' trainer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from linocut.ops import q10_functions as functions
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.q10 import MOST, POINT, saturated, shift
from linocut.ops.q10_transform import BLOCKS, MOST_BLOCK, MOST_POINT, heard, product
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

I, G, F, O = range(4)  # noqa: E741  the names that gates have
GATES = ("i", "g", "f", "o")
PEEPHOLES = ("i", "f", "o")
PRODUCTS = ("gates", "projection")


def reference(
    *,
    x: View,
    lengths: View | None,
    inputs: View,
    recurrent: View,
    bias: View,
    peepholes: View | None,
    projection: View | None,
    outputs: View,
    cells: View,
    y: View,
    heard_x: View,
    heard_y: View,
    gates: View,
    heard_m: View | None,
    point: float,
    projection_point: float,
    inverse: float,
    projection_inverse: float,
    paper: float,
    sigmoid: float,
    backwards: float,
    fresh: float,
    bound: float,
) -> None:
    """X (B, T, I) -> y (B, T, Y).

    inputs (4, O, J, K) and recurrent (4, O, L, K) are packed spectra, bias (4, N), peepholes (3, N) of i, f and o,
    projection (L, O, K); outputs (B, Y) and cells (B, N) are states. heard_x, heard_y, gates and heard_m are what the
    last frame of each sequence had: spectra, and i, g, f and m.
    """
    batch, frames, _ = x.shape
    out = y.image()
    if fresh:
        outputs.data[...] = 0
        cells.data[...] = 0
    ends = np.full(batch, frames) if lengths is None else np.clip(lengths.data.astype(np.int64), 0, frames)
    cell = Cell(
        weights=np.concatenate([inputs.image(), recurrent.image()], axis=2),
        bias=bias.data.astype(np.int64),
        peepholes=None if peepholes is None else peepholes.data.astype(np.int64),
        projection=None if projection is None else projection.image(),
        point=int(point),
        projection_point=int(projection_point),
        inverse=bool(inverse),
        projection_inverse=bool(projection_inverse),
        paper=bool(paper),
        sigmoid=bool(sigmoid),
        bound=int(bound),
    )
    out[...] = 0
    for array in (heard_x, heard_y, gates, heard_m):
        if array is not None:
            array.data[...] = 0
    for step in range(frames):
        active = np.flatnonzero(step < ends)
        if not len(active):
            break
        at = ends[active] - 1 - step if backwards else np.full(len(active), step)
        given = x.image()[active, at].astype(np.int64)
        found = cell.step(given, outputs.data[active].astype(np.int64), cells.data[active].astype(np.int64))
        out[active, at] = outputs.data[active] = found["outputs"]
        cells.data[active] = found["cells"]
        for name, array in (("heard_x", heard_x), ("heard_y", heard_y), ("heard_m", heard_m)):
            if array is not None:
                array.image()[active] = found[name]
        gates.image()[:, active] = found["gates"]


class Cell:
    """The weights of a cell, and one frame of some sequences."""

    def __init__(
        self,
        *,
        weights: Array,
        bias: Array,
        peepholes: Array | None,
        projection: Array | None,
        point: int,
        projection_point: int,
        inverse: bool,
        projection_inverse: bool,
        paper: bool,
        sigmoid: bool,
        bound: int,
        watch: Callable[[str, Array], None] | None = None,
    ) -> None:
        """Weights (4, O, J + L, K), bias (4, N), peepholes (3, N), projection (L, O, K).

        `watch` sees the integers of the "gates"' products, of the "projection" and of "cells" before they saturate.
        """
        self.weights, self.bias, self.peepholes, self.projection = weights, bias, peepholes, projection
        self.points, self.inverse = (point, projection_point), (inverse, projection_inverse)
        self.block = weights.shape[-1]
        self.sigmoid: Callable[[Array], Array] = lambda v: functions.sigmoid(v, paper=paper)
        self.tanh: Callable[[Array], Array] = lambda v: functions.tanh(v, paper=paper)
        self.candidate = self.sigmoid if sigmoid else self.tanh
        self.watch = watch
        self.bound = bound

    def step(self, x: Array, y: Array, c: Array) -> dict[str, Array]:
        """One frame x (b, I) after outputs y (b, Y) and cells c (b, N), all int64; what it gives, by name."""
        heard_x, heard_y = self._heard(x, 0), self._heard(y, 0)
        rows = self.weights.reshape(-1, *self.weights.shape[2:])
        sums = self._product(rows, np.concatenate([heard_x, heard_y], axis=-2), 0)
        a = np.moveaxis(sums.reshape(len(x), 4, -1), 1, 0) + self.bias[:, None]
        i, f = self.sigmoid(self._gated(a[I], 0, c)), self.sigmoid(self._gated(a[F], 1, c))
        g = self.candidate(saturated(a[G]))
        wide = shift(f * c + i * g, POINT)
        self._saw(wide)
        c = saturated(wide)
        if self.bound:
            c = np.clip(c, -self.bound, self.bound)
        o = self.sigmoid(self._gated(a[O], 2, c))
        m = shift(o * self.tanh(c), POINT)
        found = {"heard_x": heard_x, "heard_y": heard_y, "gates": np.stack([i, g, f, m]), "cells": c, "outputs": m}
        if self.projection is not None:
            found["heard_m"] = self._heard(m, 1)
            projected = self._product(self.projection, found["heard_m"], 1)
            found["outputs"] = projected.reshape(len(x), -1)
        return found

    def _heard(self, x: Array, which: int) -> Array:
        """Spectra, for the gates' product (0) or for the projection (1)."""
        return heard(x, self.block, all_inverse=self.inverse[which], watch=self._watching(which))

    def _product(self, weights: Array, spectrum: Array, which: int) -> Array:
        settings = self.points[which], self.inverse[which], self._watching(which)
        return product(weights, spectrum, settings[0], all_inverse=settings[1], watch=settings[2])

    def _gated(self, a: Array, peephole: int, c: Array) -> Array:
        """What a gate's function is given."""
        if self.peepholes is not None:
            a = a + shift(self.peepholes[peephole] * c, POINT)
        self._saw(a)
        return saturated(a)

    def _watching(self, which: int) -> Callable[[Array], None] | None:
        return None if self.watch is None else partial(self.watch, PRODUCTS[which])

    def _saw(self, values: Array) -> None:
        if self.watch is not None:
            self.watch("cells", values)


def points(*names: str) -> tuple[Rule, ...]:
    """Where matrices of spectra have their points, as rules of these attributes."""
    return tuple(
        Rule(
            f"whole({name}) and 0 <= {name} <= {MOST_POINT}",
            f"{name} is {{{name}}}, must be a whole number from 0 to {MOST_POINT}",
        )
        for name in names
    )


BOUND = Rule(
    f"whole(bound) and 0 <= bound <= {MOST}",
    f"bound is {{bound}}, must be a whole number from 0 (none) to {MOST:,} of which 1,024 are 1",
)
BLOCK = Rule(
    " or ".join(f"K == {k}" for k in BLOCKS),
    f"blocks are of {{K}}, must be a power of two up to {MOST_BLOCK}",
)
INPUTS = Rule("(J - 1) * K < I <= J * K", "{I} inputs are not {J} blocks of {K}; take whole blocks, the last filled up")
CELLS = Rule("O * K == N", "{N} cells are not {O} blocks of {K}; take a multiple of the block")
WIDTH = Rule("L * K == Y", "{Y} outputs are not {L} blocks of {K}; take a multiple of the block")
PROJECTED = Rule("projection != absent or Y == N", "{Y} outputs of {N} cells need a projection")
TOGETHER = Rule("(projection == absent) == (heard_m == absent)", "projection and heard_m go with each other")
MOST_WIDE = 2**16  # blocks, so that sums of 64 bits hold all products
BLOCKS_SUMMED = Rule(
    f"J + L <= {MOST_WIDE} and O <= {MOST_WIDE}",
    f"{{J + L}} and {{O}} blocks are summed, at most {MOST_WIDE:,}; use larger blocks",
)

OP = Op(
    "q10_lstm",
    100,
    "<x:i16[B,T,I] <lengths?:i32[B] <inputs:i16[4,O,J,K] <recurrent:i16[4,O,L,K] <bias:i16[4,N] "
    "<peepholes?:i16[3,N] <projection?:i16[L,O,K] =outputs:i16[B,Y] =cells:i16[B,N] >y:i16[B,T,Y] "
    ">heard_x:i16[B,J,K] >heard_y:i16[B,L,K] >gates:i16[4,B,N] >heard_m?:i16[B,O,K]; "
    "point projection_point inverse projection_inverse paper sigmoid backwards fresh bound",
    reference,
    (*points("point", "projection_point"), BOUND, BLOCK, BLOCKS_SUMMED, INPUTS, CELLS, WIDTH, PROJECTED, TOGETHER),
    Amount("T * B * (8 * O * (J + L) * K + 2 * L * O * K)"),
    workspace="6 + (J + L + O) * K / 256",
)
