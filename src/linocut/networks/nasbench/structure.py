"""The shape of cells, for many at once: how deep and wide they are, and which operations they are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from linocut.networks.nasbench.cell import OPERATIONS, adjacency, by_vertices, checked, digits
from linocut.ops.bits import Array


def depth(cells: NDArray[np.void]) -> Array:
    """Edges of the longest way through each of (cells,), 1 to 6: (cells,) int64."""
    return _of_graphs(cells, _depth)


def width(cells: NDArray[np.void]) -> Array:
    """Edges of the largest directed cut of each of (cells,), between its input and its output: (cells,) int64."""
    return _of_graphs(cells, _width)


def mix(cells: NDArray[np.void]) -> Array:
    """How many vertices of each of (cells,) have each operation: (cells, 3) int64, in the order of OPERATIONS."""
    found = np.zeros((len(checked(cells)), len(OPERATIONS)), np.int64)
    for vertices, where in by_vertices(cells):
        labels = digits(vertices)
        counts = np.stack([(labels == operation).sum(axis=1) for operation in range(len(OPERATIONS))], axis=1)
        found[where] = counts[cells["labels"][where]]
    return found


def _of_graphs(cells: NDArray[np.void], of: Callable[[Array], Array]) -> Array:
    found = np.zeros(len(checked(cells)), np.int64)
    for vertices, where in by_vertices(cells):
        bits, graph = np.unique(cells["bits"][where].astype(np.int64), return_inverse=True)
        found[where] = of(adjacency(vertices, bits))[graph]
    return found


def _depth(edges: Array) -> Array:
    vertices = edges.shape[1]
    far = np.zeros((len(edges), vertices), np.int64)
    for vertex in range(1, vertices):
        far[:, vertex] = np.max(np.where(edges[:, :vertex, vertex], far[:, :vertex] + 1, 0), axis=1)
    return far[:, -1]


def _width(edges: Array) -> Array:
    vertices, widest = edges.shape[1], np.zeros(len(edges), np.int64)
    for chosen in range(1 << (vertices - 2)):  # the interior vertices on the input's side
        side = np.array([True, *(chosen >> vertex & 1 == 1 for vertex in range(vertices - 2)), False])
        widest = np.maximum(widest, edges[:, side][:, :, ~side].sum(axis=(1, 2)))
    return widest
