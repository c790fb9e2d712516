"""Channels of a cell's vertices, by the rules of NASBench-101, for many graphs at once."""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array


def channels(edges: Array, outputs: int) -> Array:
    """Channels of each vertex but the input of cells that give `outputs`: (graphs, V, V) edges to (graphs, V).

    The vertices before the output share its channels, the first of them have one more of what is left over; any other
    has the most of those that it goes to. That of the input, which depends on the cell before, is left 0.
    """
    graphs, vertices = len(edges), edges.shape[1]
    found = np.zeros((graphs, vertices), np.int64)
    found[:, -1] = outputs
    if vertices == 2:
        return found
    ends = edges[:, 1:-1, -1]
    share, left = np.divmod(outputs, ends.sum(axis=1, keepdims=True))
    found[:, 1:-1] = np.where(ends, share + (np.cumsum(ends, axis=1) <= left), 0)
    for vertex in range(vertices - 2, 0, -1):
        largest = np.max(np.where(edges[:, vertex, 1:-1], found[:, 1:-1], 0), axis=1)
        found[:, vertex] = np.where(ends[:, vertex - 1], found[:, vertex], largest)
    return found
