"""square_sum and clip_gradient: gradients whose norm is bounded (Pascanu et al., arXiv 1211.5063).

The norm is of all gradients of a step together: square_sum adds the squares of one after the other, clip_gradient
multiplies each by most / norm where the norm is above `most`. Squares of floats are exact in float64; they are added in
64 lanes, element i to lane i mod 64, and the lanes in order: the bits depend on the program only. A sum that is not
finite clips nothing, so that what went wrong shows in the weights. Of micro-batches the last does it all.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.micro_batch import micro_batch
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

LANES = 64


def square_sum(*, dw: View, sum: View, micro: View | None, fresh: float) -> None:
    """Add the squares of dw (R, K) to sum (1), which a `fresh` one begins anew."""
    if not micro_batch(micro).last:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        before = 0.0 if fresh else float(sum.data[0])
        sum.data[0] = np.cumsum(np.concatenate([[before], _lanes(dw)]))[-1]


def _lanes(dw: View) -> Array:
    """The sums of squares (64,) of the elements that share a lane."""
    values = dw.data.astype(np.float64).reshape(-1)
    rows = np.zeros((-(-len(values) // LANES), LANES))
    rows.reshape(-1)[: len(values)] = np.square(values)
    lanes: Array = np.cumsum(rows, axis=0)[-1]
    return lanes


def clip_gradient(*, dw: View, sum: View, micro: View | None, most: float) -> None:
    """Multiply dw (R, K) in place by most / sqrt(sum), in float32, where that root is above `most`."""
    if not micro_batch(micro).last:
        return
    with np.errstate(invalid="ignore"):
        norm = np.sqrt(sum.data[0])
    if np.isfinite(norm) and norm > most:
        dw.store(dw.data.astype(np.float32) * np.float32(most / norm))


SQUARE_SUM = Op(
    "square_sum", 125, "<dw:f16|f32[R,K] =sum:f64[1] <micro?:i64[2]; fresh", square_sum, work=Amount("R * K")
)
CLIP_GRADIENT = Op(
    "clip_gradient",
    126,
    "=dw:f16|f32[R,K] <sum:f64[1] <micro?:i64[2]; most",
    clip_gradient,
    (Rule("most > 0", "most is {most}, must be above 0"),),
    Amount("R * K"),
)
OPS = (SQUARE_SUM, CLIP_GRADIENT)
