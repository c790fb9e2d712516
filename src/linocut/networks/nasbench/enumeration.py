"""All cells of NASBench-101, counted exactly: one for each class of cells that differ by the order of their vertices.

A graph is kept if no relabelling of its interior vertices gives a smaller number of bits, and of its labellings those
that no automorphism makes smaller. This gives the 423,624 cells that the published enumeration finds by hashing.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from linocut.errors import SpecError
from linocut.networks.nasbench.cell import (
    CELL,
    LEAST_VERTICES,
    MOST_VERTICES,
    are_graphs,
    checked,
    edge_slots,
    relabellings,
)
from linocut.ops.bits import Array
from linocut.settings_of import as_plain


def cells(vertices: int = MOST_VERTICES) -> NDArray[np.void]:
    """All unique cells of up to so many vertices: (cells,) of V, bits and labels, in this order.

    1, 7, 91, 2,532, 64,542 and 423,624 for 2 to 7 vertices. SpecError for another number of vertices.
    """
    vertices = as_plain(vertices)
    if (
        isinstance(vertices, bool)
        or not isinstance(vertices, int)
        or vertices not in range(LEAST_VERTICES, MOST_VERTICES + 1)
    ):
        raise SpecError(
            f"cells of up to {vertices!r} vertices were asked for, must be {LEAST_VERTICES} to {MOST_VERTICES}"
        )
    return np.concatenate([_of(count) for count in range(LEAST_VERTICES, vertices + 1)])


def indices(kept: NDArray[np.void]) -> Array:
    """The place of each of (cells,) kept cells among all: (cells,); SpecError for one that is not among them."""
    everything = cells()
    keys, asked = _keys(everything), _keys(checked(kept))
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    if (odd := np.flatnonzero(keys[places] != asked)).size:
        first = kept[odd[0]]
        raise SpecError(f"the cell {first['bits']}:{first['labels']} is not among NASBench-101's; take its kept one")
    return places


def _keys(cells: NDArray[np.void]) -> Array:
    """A number for each cell, in the order of the enumeration."""
    return (cells["V"].astype(np.int64) << 29) | (cells["bits"].astype(np.int64) << 8) | cells["labels"]


@cache
def _of(vertices: int) -> NDArray[np.void]:
    """Those of exactly so many vertices; it is kept, and so not to be written to."""
    graphs = _graphs(vertices)
    orders = [(order, *order.bits_of(graphs)) for order in relabellings(vertices)]
    least = np.all([(after >= graphs) | ~can for _, after, can in orders], axis=0)
    labellings = np.arange(3 ** (vertices - 2))
    unique = np.repeat(least[:, None], len(labellings), axis=1)
    for order, after, can in orders:
        unique[can & (after == graphs)] &= order.labels >= labellings
    graph, labels = np.nonzero(unique)
    found = np.empty(len(graph), CELL)
    found["V"], found["bits"], found["labels"] = vertices, graphs[graph], labels
    found.setflags(write=False)
    return found


def _graphs(vertices: int) -> Array:
    """Numbers of bits of the graphs that can be cells, however their vertices are ordered."""
    bits = np.arange(1 << edge_slots(vertices), dtype=np.int64)
    return bits[are_graphs(vertices, bits)]
