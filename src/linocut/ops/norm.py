"""What the batch norm instructions share. `stats` holds the mean and the deviation of each channel.

A norm is l1, l2 or scaled l1. Kept is psi = mean|y - mu| for l1 and the variance for l2 (docs/design/numbers.md);
x = (y - mu) / divisor + beta, beta being 0 where it is absent. For the scaled l1 norm it is sqrt(pi/2) psi, which of
normal y is the standard deviation (Hoffer et al., arXiv 1803.01814, section 4.1): x is as large as under l2, and
|x| <= 1 lets as much pass.

An x that is not kept as floats may be known by three bits: `bits`, x >= 0; `mask`, |x| <= 1; and `half`, |x| <= 1/2
where |x| <= 1 and |x| <= 2 elsewhere. Then it counts as one of eight LEVELS.

An instruction that sums over rows does so in parts, which threads share: part p of P has the rows from p R // P to
(p + 1) R // P. What it finds of each part stays in its operand `work`, float64 (q P, C) for q quantities: row i P + p
is quantity i of part p. Integers are exact there. Floats are summed over the rows of a part in order, starting from 0,
and the parts are added in order: the bits of a sum depend on P, which the program says, and on nothing else.

norm_statistics and norm_sign may be given the Y of D channels only, those from `first` on of the layer's C: what they
write is the same for any such division.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from linocut.formats import WORD_BITS
from linocut.ops.base import View
from linocut.ops.bits import Array

L1, L2, SCALED_L1 = 1.0, 2.0, 3.0
SIGMAS = math.sqrt(math.pi / 2)  # standard deviation over mean deviation, of normal numbers
NORMS = {"l1": L1, "l2": L2, "scaled_l1": SCALED_L1}  # by their names in a policy
EPSILON = 1e-5
LEVELS = 2, 6, 11, 19  # eighths: the mean sizes of normal numbers up to 1/2, 1, 2 and beyond
ROWS_OF_A_PART = 512
MOST_PARTS = 32  # that the compiler asks for


def work_shape(quantities: int, rows: int, channels: int) -> tuple[int, int]:
    """The shape of `work` for an instruction of so many quantities (the QUANTITIES of its module)."""
    return quantities * min(max(-(-rows // ROWS_OF_A_PART), 1), MOST_PARTS), channels


def channels(view: View, first: float, count: int) -> View:
    """Channels [first, first + count) of an operand, sharing its bytes."""
    if view.form.is_bits:
        span = slice(int(first) // WORD_BITS, -(-(int(first) + count) // WORD_BITS))
    else:
        span = slice(int(first), int(first) + count)
    return View(view.data[:, span], view.format, count)


def parts(rows: int, count: int) -> Iterator[slice]:
    """The rows of each part."""
    return (slice(p * rows // count, (p + 1) * rows // count) for p in range(count))


def total(rows: Array) -> Array:
    """The sum of the rows of (n, channels), one after the other from 0: np.sum would choose an order of its own."""
    return np.cumsum(rows, axis=0)[-1] + 0  # a sum that starts from 0 is never -0.0


def in_parts(work: View, quantities: Sequence[Array]) -> list[Array]:
    """The sums (channels,) of each quantity (rows, channels), float64, part by part through `work`."""
    count = len(work.data) // len(quantities)
    for number, values in enumerate(quantities):
        for p, part in enumerate(parts(len(values), count)):
            work.data[number * count + p] = total(values[part])
    return [total(work.data[n * count : (n + 1) * count]) for n in range(len(quantities))]


def divisor(stats: View, norm: float) -> Array:
    """What x is divided by, float64 (channels,): psi, or sqrt(var + 1e-5) to f32, as packed models keep it."""
    kept = stats.data[1].astype(np.float64)
    return np.sqrt(kept + EPSILON).astype(np.float32).astype(np.float64) if norm == L2 else kept


def reciprocal(stats: View, norm: float) -> Array:
    """1 / divisor, float64 (channels,).

    0 for a channel that does not vary, so that it outputs beta, passes no gradient.
    """
    by = divisor(stats, norm)
    return np.where(by > 0, 1.0 / np.where(by > 0, by, 1.0), 0.0)


def shift_of(beta: View | None, channels: int) -> Array:
    """Beta as stored, (channels,); zeros where the norm has none."""
    return np.zeros(channels, np.float32) if beta is None else beta.data[0]


def normalised(y: View, stats: View, beta: View | None, norm: float) -> Array:
    """X = (y - mu) / divisor + beta in float32, (rows, channels)."""
    shifted = y.data.astype(np.float32) - stats.data[0].astype(np.float32)
    return shifted * reciprocal(stats, norm).astype(np.float32) + shift_of(beta, y.cols).astype(np.float32)


def levels(bits: View, mask: View | None, half: View | None) -> Array:
    """What x counts as, int64 (R, C): one of +-LEVELS, or without `half` its sign. Without a mask |x| <= 1 is taken."""
    if half is None:
        return bits.signs()
    near, far, next_to, beyond = LEVELS
    inner = np.where(half.bits(), near, far)
    size = inner if mask is None else np.where(mask.bits(), inner, np.where(half.bits(), next_to, beyond))
    return size * bits.signs()
