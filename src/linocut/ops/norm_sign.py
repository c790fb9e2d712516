"""norm_sign: batch norm followed by sgn: packed signs, the straight-through mask |x| <= 1, `half`, and omega = mean|x|.

For an integer Y no x is formed: with t = mu - beta psi, x >= 0 is y >= ceil(t), and |x| <= s is ceil(t - s psi) <= y <=
floor(t + s psi) (docs/design/numbers.md). `half` is |x| <= 1/2 where |x| <= 1, and |x| <= 2 elsewhere (ops/norm.py).
"""

from __future__ import annotations

import numpy as np

from linocut.formats import WORD_BITS
from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.limits import CHANNELS, together
from linocut.ops.norm import (
    channels,
    divisor,
    normalised,
    parts,
    shift_of,
    total,
)
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

QUANTITIES = 2  # sum of x^ y and how many x^ are +1; or, of floats, sum |x| and 0

HALF = np.uint64(2 ** (WORD_BITS // 2) - 1)
THRESHOLD_LIMIT = 2.0**30  # thresholds are kept within this, so that they fit 32 bits


def reference(
    *,
    y: View,
    stats: View,
    beta: View | None,
    bits: View,
    mask: View | None,
    half: View | None = None,
    omega: View | None,
    work: View | None,
    norm: float,
    first: float = 0.0,
) -> None:
    """Y (R, D), channels `first` and on of C -> these of bits, mask, half (R, C), omega (1, C).

    Channels that begin a word of bits leave 0 in what they do not fill of it, the others keep what comes before them.
    """
    stats, bits = (channels(v, first, y.cols) for v in (stats, bits))
    beta, mask, half, omega = (None if v is None else channels(v, first, y.cols) for v in (beta, mask, half, omega))
    second = int(first) % WORD_BITS > 0
    if y.form.is_integer:
        _integer(y.data.astype(np.int64), stats, beta, bits, mask, half, omega, work, norm, second)
        return
    x = normalised(y, stats, beta, norm)
    size = np.abs(x)
    _put(bits, x >= 0, second)
    if mask is not None:
        _put(mask, size <= 1, second)
    if half is not None:
        _put(half, _half(size <= 0.5, size <= 1, size <= 2), second)
    if omega is not None and work is not None:
        sizes, counts = np.split(work.data, QUANTITIES)
        for p, part in enumerate(parts(len(x), len(sizes))):
            sizes[p], counts[p] = total(size[part].astype(np.float64)), (x[part] >= 0).sum(axis=0)
        omega.store((total(sizes) / len(x))[None])


def _integer(
    y: Array,
    stats: View,
    beta: View | None,
    bits: View,
    mask: View | None,
    half: View | None,
    omega: View | None,
    work: View | None,
    norm: float,
    second: bool,
) -> None:
    psi = divisor(stats, norm)
    shift = shift_of(beta, len(psi)).astype(np.float64)
    varies = psi > 0
    t = stats.data[0].astype(np.float64) - shift * psi
    first = np.where(varies, within_limit(np.ceil(t)), np.where(shift >= 0, -THRESHOLD_LIMIT, THRESHOLD_LIMIT))
    above = y >= first.astype(np.int64)
    _put(bits, above, second)

    def within(size: float) -> Array:
        """|x| <= size; of a channel that does not vary x is beta."""
        inside = np.abs(shift) <= size
        above, below = within_limit(np.ceil(t - size * psi)), within_limit(np.floor(t + size * psi))
        low = np.where(varies, above, np.where(inside, -THRESHOLD_LIMIT, THRESHOLD_LIMIT))
        high = np.where(varies, below, np.where(inside, THRESHOLD_LIMIT, -THRESHOLD_LIMIT))
        return (y >= low.astype(np.int64)) & (y <= high.astype(np.int64))

    if mask is not None:
        _put(mask, within(1.0), second)
    if half is not None:
        _put(half, _half(within(0.5), within(1.0), within(2.0)), second)
    if omega is not None and work is not None:
        distances, counts = np.split(work.data, QUANTITIES)
        for p, part in enumerate(parts(len(y), len(counts))):
            distances[p] = np.where(above[part], y[part], -y[part]).sum(axis=0)
            counts[p] = above[part].sum(axis=0)
        n = np.float64(len(y))
        size = (total(distances) - t * (2.0 * total(counts) - n)) / (n * np.where(varies, psi, 1.0))
        omega.store(np.where(varies, size, np.abs(shift))[None])


def _put(bits: View, values: Array, second: bool) -> None:
    """Store bits; those of the second half of a word beside the first half."""
    first_half = bits.data & HALF if second else 0
    bits.store(values)
    if second:
        bits.data[...] = bits.data << WORD_BITS // 2 | first_half


def _half(near: Array, inside: Array, not_far: Array) -> Array:
    return np.where(inside, near, not_far)


def within_limit(threshold: Array) -> Array:
    """Thresholds within the limit; one that is not a number becomes the lower limit."""
    raised = np.where(threshold > -THRESHOLD_LIMIT, threshold, -THRESHOLD_LIMIT)
    return np.minimum(raised, THRESHOLD_LIMIT)


OP = Op(
    "norm_sign",
    6,
    "<y:i16|i32|f16|f32[R,D] <stats:f16|f32[2,C] <beta?:f16|f32[1,C] "
    ">bits:bit[R,C] >mask?:bit[R,C] >half?:bit[R,C] >omega?:f16|f32[1,C] >work?:f64[S,D]; norm first",
    reference,
    (
        Rule(together("work != absent", "omega != absent"), "omega and work go with each other"),
        *CHANNELS,
        limits.parts(QUANTITIES),
        limits.WIDE_ROWS,
    ),
    Amount("R * D"),
)
