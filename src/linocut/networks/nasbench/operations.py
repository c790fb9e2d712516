"""The operations of whole NASBench-101 networks, for all cells at once: arrays over graphs, not objects of networks.

What an operation is depends on a cell's graph, which a few thousand cells share, and on the label of one vertex at
most. So a quantity is computed for every graph, vertex and label, and a cell looks its own up. `Totals` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from linocut.networks.nasbench.cell import (
    CONV1X1,
    CONV3X3,
    MAXPOOL3X3,
    OPERATIONS,
    adjacency,
    by_vertices,
    digits,
)
from linocut.networks.nasbench.channels import channels
from linocut.ops.bits import Array

SIDE, STEM, CLASSES, INPUT_CHANNELS = 32, 128, 10, 3
STACKS, REPEATS = 3, 3  # stacks of a network, cells of a stack
KERNELS = {CONV3X3: 3, CONV1X1: 1}
POOLED = 9  # inputs of an output of maxpool3x3


@dataclass(frozen=True)
class Where:
    """Which cells have an operation, and how often: those of the graphs `there` that label `vertex` with `label`.

    An operation of every label has the vertex 0.
    """

    there: Array  # (graphs,)
    times: int = 1
    vertex: int = 0
    label: int = 0


@dataclass(frozen=True)
class Convolution:
    """conv(kernel, inputs, outputs, side of its output): channels are (graphs,) or numbers.

    `norm`: a batch norm follows it; a bias is added otherwise.
    """

    where: Where
    kernel: int
    inputs: Array | int
    outputs: Array | int
    side: int
    norm: bool = True


@dataclass(frozen=True)
class Elementwise:
    """An operation of `count` inputs for each output: channels and count are (graphs,) or numbers."""

    where: Where
    channels: Array | int
    count: Array | int
    side: int


Operation: TypeAlias = "Convolution | Elementwise"


@dataclass(frozen=True)
class Block:
    """Cells of a network that are alike: `times` of them take `inputs` channels to `outputs`."""

    times: int
    inputs: int
    outputs: int
    side: int


def blocks() -> Iterator[Block]:
    """The cells of a network; each stack but the first doubles the channels in its first cell."""
    yield Block(REPEATS, STEM, STEM, SIDE)
    for stack in range(1, STACKS):
        outputs, side = STEM << stack, SIDE >> stack
        yield Block(1, outputs // 2, outputs, side)
        yield Block(REPEATS - 1, outputs, outputs, side)


def operations(edges: Array) -> Iterator[Operation]:
    """Those of the networks whose cells have these edges: (graphs, V, V)."""
    everywhere = Where(np.ones(len(edges), bool))
    yield Convolution(everywhere, 3, INPUT_CHANNELS, STEM, SIDE)
    for block in blocks():
        yield from _of_cell(edges, block)
    for stack in range(1, STACKS):
        yield Elementwise(everywhere, STEM << (stack - 1), 1, SIDE >> stack)
    last, side = STEM << (STACKS - 1), SIDE >> (STACKS - 1)
    yield Elementwise(everywhere, last, side * side, 1)
    yield Convolution(everywhere, 1, last, CLASSES, 1, norm=False)


def _of_cell(edges: Array, block: Block) -> Iterator[Operation]:
    vertices, widths = edges.shape[1], channels(edges, block.outputs)
    entered = edges.sum(axis=1)
    for vertex in range(1, vertices - 1):
        width, inputs = widths[:, vertex], entered[:, vertex]
        yield Convolution(Where(edges[:, 0, vertex], block.times), 1, block.inputs, width, block.side)
        yield Elementwise(Where(inputs > 1, block.times), width, inputs, block.side)
        everywhere = np.ones(len(edges), bool)
        for label, kernel in KERNELS.items():
            yield Convolution(Where(everywhere, block.times, vertex, label), kernel, width, width, block.side)
        yield Elementwise(Where(everywhere, block.times, vertex, MAXPOOL3X3), width, POOLED, block.side)
    projected = edges[:, 0, -1]
    yield Convolution(Where(projected, block.times), 1, block.inputs, block.outputs, block.side)
    if vertices > 2:
        yield Elementwise(Where(projected, block.times), block.outputs, 2, block.side)


@dataclass(frozen=True)
class Family:
    """The cells of one number of vertices: `where` they are among those asked for, and what they look up by.

    `graph` (cells,) is the row of each among the unique graphs, `label` (cells, V) the digit of each vertex.
    """

    where: Array
    graph: Array
    label: Array
    operations: tuple[Operation, ...]
    graphs: int

    @staticmethod
    def all_of(cells: NDArray[np.void]) -> Iterator[Family]:
        """One for each number of vertices among (cells,)."""
        for vertices, where in by_vertices(cells):
            bits, graph = np.unique(cells["bits"][where].astype(np.int64), return_inverse=True)
            label = np.zeros((len(where), vertices), np.intp)
            label[:, 1:-1] = digits(vertices)[cells["labels"][where]]
            yield Family(where, graph, label, tuple(operations(adjacency(vertices, bits))), len(bits))

    def has(self, where: Where, cells: Array) -> Array:
        """Whether each of some of its cells has an operation."""
        there = where.there[self.graph[cells]]
        return there & (self.label[cells, where.vertex] == where.label)

    def sums(self, of: Callable[[Operation], Array | float]) -> Array:
        """For each cell, the sum over its operations of a quantity of each: a number, or one for each graph."""
        return self._looked_up(self._table(of, np.add, times=True), np.add)

    def largest(self, of: Callable[[Operation], Array | float]) -> Array:
        """For each cell, the largest of a quantity, which is not negative, of its operations."""
        return self._looked_up(self._table(of, np.maximum, times=False), np.maximum)

    def _table(self, of: Callable[[Operation], Array | float], join: np.ufunc, *, times: bool) -> Array:
        """(graphs, V, labels): what all operations of a vertex's label come to."""
        found = [(operation.where, np.asarray(of(operation))) for operation in self.operations]
        kind = np.result_type(*(value.dtype for _, value in found))
        table = np.zeros((self.graphs, self.label.shape[1], len(OPERATIONS)), kind)
        for where, value in found:
            here = np.where(where.there, value * where.times if times else value, 0)
            table[:, where.vertex, where.label] = join(table[:, where.vertex, where.label], here)
        return table

    def _looked_up(self, table: Array, join: np.ufunc) -> Array:
        found = table[self.graph, 0, 0]
        for vertex in range(1, table.shape[1] - 1):
            found = join(found, table[self.graph, vertex, self.label[:, vertex]])
        return found
