"""Cells as a graph network reads them: what each vertex is, and which edges there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linocut.networks.nasbench.cell import MOST_VERTICES, OPERATIONS, adjacency, by_vertices, digits
from linocut.ops.bits import Array

INPUT, OUTPUT, PRESENT = range(len(OPERATIONS), len(OPERATIONS) + 3)
FEATURES = len(OPERATIONS) + 3  # one-hot operation, input, output, whether there is a vertex


def features(cells: NDArray[np.void]) -> tuple[Array, Array]:
    """(cells,) to what their vertices are (cells, 7, 6), and their edges from row to column (cells, 7, 7); float32.

    Cells of fewer vertices have zeros behind them.
    """
    nodes = np.zeros((len(cells), MOST_VERTICES, FEATURES), np.float32)
    edges = np.zeros((len(cells), MOST_VERTICES, MOST_VERTICES), np.float32)
    for vertices, where in by_vertices(cells):
        edges[where, :vertices, :vertices] = adjacency(vertices, cells["bits"][where].astype(np.int64))
        nodes[where, :vertices, PRESENT] = 1
        nodes[where, 0, INPUT] = 1
        nodes[where, vertices - 1, OUTPUT] = 1
        if vertices > 2:
            nodes[where, 1 : vertices - 1, : len(OPERATIONS)] = np.eye(len(OPERATIONS), dtype=np.float32)[
                digits(vertices)[cells["labels"][where]]
            ]
    return nodes, edges
