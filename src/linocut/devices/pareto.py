"""pareto: of things of a cost and a quality those that no other beats."""

from __future__ import annotations

import numpy as np

from linocut.ops.bits import Array


def pareto(cost: Array, quality: Array) -> Array:
    """Places, the cheapest first, of what nothing beats: (n,) costs and qualities to the places of some.

    Each has a higher quality than all that cost as much or less; of equals the first is there.
    """
    order = np.lexsort((-quality, cost))
    best = np.maximum.accumulate(quality[order])
    better = np.concatenate([[True], best[1:] > best[:-1]]) if len(order) else np.zeros(0, bool)
    return order[better]
