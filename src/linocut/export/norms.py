"""norms: the factor of an affine node, as linocut computes it."""

from __future__ import annotations

import numpy as np

from linocut.graph.inference import Affine
from linocut.ops.bits import Array


def factor(node: Affine) -> Array:
    """1 / deviation rounded to float32 (channels,); 0 for a channel that does not vary.

    Of a deviation next to 0 it is infinite, here as there.
    """
    deviation = node.deviation.astype(np.float64)
    inverse = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
    with np.errstate(over="ignore"):
        return np.asarray(inverse.astype(np.float32))
