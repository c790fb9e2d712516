"""What becomes of the integer sums of a product in prediction: Y, or signs without a Y.

With thresholds an output is +1 where its sum is at least `least`, and the sums themselves are stored nowhere.
"""

from __future__ import annotations

from linocut.ops.base import View
from linocut.ops.bits import Array


def store(sums: Array, least: View | None, bits: View | None, y: View | None) -> None:
    """Sums (..., N) of int64 -> bits, by `least` (1, N), or y."""
    if y is not None:
        y.store(sums.reshape(y.data.shape))
    if bits is not None and least is not None:
        bits.store((sums >= least.data[0]).reshape(-1, bits.cols))


def outputs(bits: View | None, y: View | None) -> View:
    """The operand that the outcome goes to."""
    one = y if bits is None else bits
    assert one is not None, "an outcome has bits or y"
    return one
