"""A cell of NASBench-101 as three numbers, and what follows from them: its edges, its labels, its other names.

    V       vertices, 2 to 7: the first is the input, the last the output
    bits    its edges: x -> y, with x < y, is bit x + y (y - 1) / 2
    labels  the operations of its interior vertices, a number in base 3 whose first digit is that of vertex 1

Source: Ying et al., NAS-Bench-101, arXiv 1902.09635.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from linocut.errors import SpecError, one_line
from linocut.ops.bits import Array
from linocut.settings_of import keep_plain

LEAST_VERTICES, MOST_VERTICES, MOST_EDGES = 2, 7, 9
OPERATIONS = ("conv3x3", "conv1x1", "maxpool3x3")  # by their digit
CONV3X3, CONV1X1, MAXPOOL3X3 = range(3)
CELL = np.dtype([("V", np.uint8), ("bits", np.uint32), ("labels", np.uint8)])


@dataclass(frozen=True)
class Cell:
    """One cell, as linocut.nasbench.cells() has many; SpecError for what is none of NASBench-101's."""

    vertices: int
    bits: int
    labels: int = 0

    def __post_init__(self) -> None:
        keep_plain(self)
        for name in ("vertices", "bits", "labels"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise SpecError(f"{name} of a cell are {one_line(repr(value), 40)}, must be a whole number")
        if not LEAST_VERTICES <= self.vertices <= MOST_VERTICES:
            raise SpecError(f"a cell has {self.vertices} vertices, must have {LEAST_VERTICES} to {MOST_VERTICES}")
        most = 3 ** (self.vertices - 2)
        if not 0 <= self.labels < most:
            raise SpecError(
                f"labels are {self.labels}, must be 0 to {most - 1} for the {self.vertices - 2} interior vertices "
                "of the cell"
            )
        if not 0 <= self.bits < 1 << edge_slots(self.vertices):
            raise SpecError(f"bits are {self.bits}, must be 0 to {(1 << edge_slots(self.vertices)) - 1}")
        if len(self.edges) > MOST_EDGES:
            raise SpecError(f"a cell has {len(self.edges)} edges, must have {MOST_EDGES} or fewer; remove some")
        for vertex in range(self.vertices - 1):
            if not any(x == vertex for x, _ in self.edges):
                raise SpecError(f"vertex {vertex} of a cell of {self.vertices} has no edge to a later one; add one")
            if not any(y == vertex + 1 for _, y in self.edges):
                raise SpecError(f"vertex {vertex + 1} of a cell of {self.vertices} has no edge to it; add one")

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Its edges (from, to), in the order of their bits."""
        return tuple(edge for bit, edge in enumerate(slots(self.vertices)) if self.bits >> bit & 1)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations of its interior vertices, in order, out of OPERATIONS."""
        return tuple(OPERATIONS[digit] for digit in digits(self.vertices)[self.labels].tolist())

    @property
    def kept(self) -> Cell:
        """The one among its relabellings that the enumeration keeps."""
        return cell_of(kept(as_array([self]))[0])

    def __str__(self) -> str:
        return f"{self.bits}:{self.labels}"


def cell_of(record: np.void) -> Cell:
    """The cell of a row of an array of cells."""
    return Cell(int(record["V"]), int(record["bits"]), int(record["labels"]))


def as_array(cells: list[Cell]) -> NDArray[np.void]:
    """Cells as an array (cells,) of V, bits and labels; SpecError for other things, such as names."""
    if not isinstance(cells, (list, tuple)) or not all(isinstance(cell, Cell) for cell in cells):
        raise SpecError(f"{one_line(repr(cells), 60)} are no list of Cells; nasbench.read_cell makes one of a name")
    return np.array([(cell.vertices, cell.bits, cell.labels) for cell in cells], CELL)


def checked(cells: object) -> NDArray[np.void]:
    """An array (cells,) as `as_array` makes it; SpecError for anything else, and for the first row that is no cell."""
    if not isinstance(cells, np.ndarray) or cells.dtype != CELL or cells.ndim != 1:
        given = f"{cells.dtype} {cells.shape}" if isinstance(cells, np.ndarray) else one_line(repr(cells), 40)
        raise SpecError(
            f"cells are given as {given}, must be an array (cells,) of V, bits and labels; take nasbench.cells(), or "
            "nasbench.as_array([nasbench.read_cell(...)]) for one"
        )
    sound = (cells["V"] >= LEAST_VERTICES) & (cells["V"] <= MOST_VERTICES)
    for vertices in range(LEAST_VERTICES, MOST_VERTICES + 1):
        own = np.flatnonzero(cells["V"] == vertices)
        if own.size:
            labelled = cells["labels"][own] < 3 ** (vertices - 2)
            sound[own] = labelled & are_graphs(vertices, cells["bits"][own].astype(np.int64))
    if not sound.all():
        row = int(np.argmin(sound))
        try:
            cell_of(cells[row])
        except SpecError as error:
            raise SpecError(f"row {row:,} of the cells is none of NASBench-101's: {error}") from None
    return cells


def are_graphs(vertices: int, bits: Array) -> Array:
    """Whether edges given as (graphs,) numbers of bits, int64, are those of cells, however their vertices are ordered.

    Every vertex but the last has an edge to a later one, every one but the first an edge to it, and there are at most
    nine: (graphs,) bool.
    """
    sound = (bits >= 0) & (bits < 1 << edge_slots(vertices))
    for vertex in range(vertices - 1):
        leaves, enters = 0, 0
        for bit, (x, y) in enumerate(slots(vertices)):
            leaves |= (x == vertex) << bit
            enters |= (y == vertex + 1) << bit
        sound &= (bits & leaves != 0) & (bits & enters != 0)
    edges = sum((bits >> bit & 1 for bit in range(edge_slots(vertices))), np.zeros_like(bits))
    found: Array = sound & (edges <= MOST_EDGES)
    return found


def edge_slots(vertices: int) -> int:
    """How many edges an upper triangular cell could have."""
    return vertices * (vertices - 1) // 2


@cache
def slots(vertices: int) -> tuple[tuple[int, int], ...]:
    """The edge (from, to) of each bit."""
    return tuple((x, y) for y in range(1, vertices) for x in range(y))


@cache
def digits(vertices: int) -> Array:
    """The label of each interior vertex, for each number of a labelling: (3 ** interior, interior)."""
    interior = vertices - 2
    powers = 3 ** np.arange(interior)[::-1]
    return np.arange(3**interior)[:, None] // powers % 3


def adjacency(vertices: int, bits: Array) -> Array:
    """Whether there is an edge x -> y: (graphs,) numbers of bits to (graphs, vertices, vertices)."""
    found = np.zeros((len(bits), vertices, vertices), bool)
    for bit, (x, y) in enumerate(slots(vertices)):
        found[:, x, y] = bits >> bit & 1
    return found


# --- relabelling: the same cell with its interior vertices in another order ---


@dataclass(frozen=True)
class Relabelling:
    """An order of the interior vertices: the bit that each bit becomes, and the labelling that each becomes.

    `backwards` has the bits whose edges would go backwards: a graph that has one of them cannot be relabelled so.
    """

    bit: tuple[int, ...]
    backwards: int
    labels: Array

    def bits_of(self, bits: Array) -> tuple[Array, Array]:
        """(graphs,) numbers of bits to those of the relabelled graphs, and whether they are upper triangular."""
        after = np.zeros_like(bits)
        for before, bit in enumerate(self.bit):
            if bit >= 0:
                after |= (bits >> before & 1) << bit
        return after, bits & self.backwards == 0


@cache
def relabellings(vertices: int) -> tuple[Relabelling, ...]:
    """All of them, the one that changes nothing first."""
    return tuple(_relabelling(vertices, order) for order in permutations(range(1, vertices - 1)))


def _relabelling(vertices: int, order: tuple[int, ...]) -> Relabelling:
    to = (0, *order, vertices - 1)
    place = {edge: bit for bit, edge in enumerate(slots(vertices))}
    bit = tuple(place.get((to[x], to[y]), -1) for x, y in slots(vertices))
    backwards = sum(1 << before for before, after in enumerate(bit) if after < 0)
    interior = vertices - 2
    weights = np.array([3 ** (interior - to[vertex]) for vertex in range(1, vertices - 1)], np.int64)
    return Relabelling(bit, backwards, digits(vertices) @ weights)


def kept(cells: NDArray[np.void]) -> NDArray[np.void]:
    """For each of (cells,) the one among its relabellings that the enumeration keeps: the first in order."""
    found = checked(cells).copy()
    for vertices, where in by_vertices(cells):
        graphs, which = np.unique(cells["bits"][where].astype(np.int64), return_inverse=True)
        relabelled = [relabelling.bits_of(graphs) for relabelling in relabellings(vertices)]
        least = np.min([np.where(can, bits, graphs) for bits, can in relabelled], axis=0)
        labels, smallest = cells["labels"][where], np.full(len(where), 3**MOST_VERTICES)
        for relabelling, (bits, can) in zip(relabellings(vertices), relabelled, strict=True):
            leads = (can & (bits == least))[which]
            smallest[leads] = np.minimum(smallest[leads], relabelling.labels[labels[leads]])
        found["bits"][where], found["labels"][where] = least[which], smallest
    return found


def by_vertices(cells: NDArray[np.void]) -> Iterator[tuple[int, Array]]:
    """How many vertices there are, and which of (cells,) have so many."""
    for vertices in np.unique(cells["V"]).tolist():
        yield vertices, np.flatnonzero(cells["V"] == vertices)
