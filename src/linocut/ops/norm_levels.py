"""norm_levels: the least integer y of each level but the lowest, by channel, where a batch norm's x is quantised.

With t = mu - beta psi, x = (y - t) / psi, and x >= s is y >= ceil(t + s psi), x > s is y > floor(t + s psi): which of
the two a boundary s asks for, ops/levels.py says. That of 0 is the threshold of norm_sign, to the bit.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.levels import boundaries, includes
from linocut.ops.norm import divisor, shift_of
from linocut.ops.norm_sign import THRESHOLD_LIMIT, within_limit
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, stats: View, beta: View | None, least: View, norm: float) -> None:
    """Stats (2, C), beta (1, C) -> least (S, C), of levels of 2 bits (S 3) or of 4 (15)."""
    psi = divisor(stats, norm)
    shift = shift_of(beta, len(psi)).astype(np.float64)
    least.store(least_of(stats.data[0].astype(np.float64), psi, shift, len(least.data)))


def least_of(mean: Array, psi: Array, shift: Array, count: int) -> Array:
    """Float64 (channels,) -> int64 (count, channels): the least y of each level but the lowest.

    Of a channel that does not vary x is its shift: all integers or none.
    """
    bits = (count + 1).bit_length() - 1
    t = mean - shift * psi
    rows = []
    for code, boundary in enumerate(boundaries(bits)):
        at = t + boundary * psi
        closed = includes(code)
        first = np.ceil(at) if closed else np.floor(at) + 1.0
        reached = shift >= boundary if closed else shift > boundary
        rows.append(np.where(psi > 0, within_limit(first), np.where(reached, -THRESHOLD_LIMIT, THRESHOLD_LIMIT)))
    return np.array(rows).astype(np.int64)


OP = Op(
    "norm_levels",
    83,
    "<stats:f16|f32[2,C] <beta?:f16|f32[1,C] >least:i32[S,C]; norm",
    reference,
    (Rule("S == 3 or S == 15", "least has {S} rows, must have 3 (levels of 2 bits) or 15 (of 4)"),),
    Amount("S * C"),
)
