"""norm_gradient: the backward pass of batch norm: dY from dX, and the gradient of beta.

With g the masked gradient, N the rows, u the partner of norm_gradient_sums (x^ for l1, else x - beta or levels of x):
    l2:  dy = (g - mean(g) - u mean(g u)) / divisor            the exact derivative
    l1:  dy = (g - mean(g) - u omega mean(g u)) / psi          Wang et al., arXiv 2102.04270, section 4
    scaled l1:  dy = (g - mean(g) - (u - mean(u)) cov(g, u) / var(u)) / divisor
The last is what remains of g beside 1 and u: of an l2 norm the exact derivative, where u is x - beta. Levels of x have
a mean, as x^ has, the larger the further beta moves x to one side; l1 takes no account of it.
An integer dY has at most the power-of-two exponent that its largest possible element needs, and as much less, up to 7
bits (9 of i4), as few enough saturated in the last step: gradients have long tails, of which the largest alone would
leave nearly all others 0. Its `scale` is as in gradient_exponent, without the largest sum. It is g a - u b - c with
three numbers per channel: from integers where X is bits in 32 bits with 22 fractional bits for the largest exponent,
from floats there in float32, else in float64.
Float gradients are in a unit (gradient_unit.py); a float dY from integers is formed in units of their exponent, which
the last factor brings in.

Rounding to nearest would make the elements whose g is 0, masked or without a part in a max-pool, the same few numbers
in every row, often 0 for all: what the norm takes off there would be lost, and dY would sum to something over the
batch, in every step the same way. So those are rounded with dithers. These are the sequence of Roberts, "The
unreasonable effectiveness of quasirandom sequences" (2018), r / p + c / p^2 modulo 1, p = 1.3247... the plastic number:
over few rows or channels they fill [0, 1) more evenly than chance would.
"""

from __future__ import annotations

import math

import numpy as np

from linocut.ops import limits
from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.elementary import binary_exponent, rounded
from linocut.ops.gradient_exponent import BITS, EXPONENT, KNOWN, NEAR, SATURATED, begin_step, overflow_trend, stored
from linocut.ops.gradient_unit import exponent_of
from linocut.ops.limits import MANTISSA, SHORT, together
from linocut.ops.norm import L1, L2, LEVELS, SCALED_L1, reciprocal
from linocut.ops.norm_gradient_sums import masked, partner
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

FRACTION = 22
BITS_OF_ALL = 14  # of mantissas and what they may be finer, from the exponent of the largest on
ROW_TURN, CHANNEL_TURN = 0xC13FA9A9, 0x91E10DA5  # 2^32 / p and 2^32 / p^2
NEAREST = 1 << 31  # of 2**32: a half more, then the floor
FIXED_LIMIT = 2.0**30  # passed only by a channel whose g is all 0, where the factor does not matter


def reference(
    *,
    dx: View,
    dx_exponent: View | None,
    unit: View | None = None,
    x: View,
    mask: View | None,
    half: View | None = None,
    stats: View,
    beta: View | None,
    sums: View,
    more: View | None = None,
    dy: View,
    dy_exponent: View | None,
    dbeta: View,
    scale: View | None = None,
    norm: float,
    ste: float,
) -> None:
    """Dx (R, C), sums (5, C) -> dy (R, C), plus `more` where it is in floats, and dbeta (1, C)."""
    rows = np.float64(dx.data.shape[0])
    inverse = reciprocal(stats, norm)
    total, product, largest, third, square = sums.data
    mean, slope = total / rows, product / rows
    if norm == L1:
        slope = slope * third
    elif norm == SCALED_L1:
        slope = _quotient(rows * product - total * third, rows * square - third * third)
        mean = mean - slope * (third / rows)
    g, u = masked(dx, x, mask, ste), partner(x, mask, half, beta, norm)
    exponent = exponent_of(unit) if dx_exponent is None else int(dx_exponent.data[0])
    dbeta.store(np.ldexp(total, exponent)[None])
    if dy_exponent is None or scale is None:
        centred = g.astype(np.float32) - mean.astype(np.float32) - u.astype(np.float32) * slope.astype(np.float32)
        out = centred * np.ldexp(inverse, exponent - exponent_of(unit)).astype(np.float32)
        dy.store(out if more is None else out + more.data.astype(np.float32))
        return
    size = largest + np.abs(mean) + np.abs(slope) * _reach(x, half, norm, rows, square)
    k = binary_exponent(float((size * inverse).max()))
    bits = BITS[dy.format]
    finer = _finer(scale.data, exponent + k - bits, g.size, bits)
    dy_exponent.data[0] = exponent + k - bits - finer
    if x.form.is_bits and dx_exponent is None:
        halves = _from_singles(g, u, mean, slope, inverse * math.ldexp(1.0, bits - k + finer), dy)
    elif not x.form.is_bits or dx_exponent is None:
        step = inverse * math.ldexp(1.0, bits - k + finer)
        whole = (g.astype(np.float64) - mean - u.astype(np.float64) * slope) * step
        offset = _offsets(g) * 2.0**-32 - 0.5
        if dy.form.is_nibbles:
            halves = rounded((whole + offset) * 2.0 - 0.5, -FIXED_LIMIT, FIXED_LIMIT)
        else:
            halves = 2 * rounded(whole + offset, -FIXED_LIMIT, FIXED_LIMIT)
    else:
        step = inverse * math.ldexp(1.0, bits - k + FRACTION)
        a, b, c = (rounded(number * step, -FIXED_LIMIT, FIXED_LIMIT) for number in (np.ones_like(mean), slope, mean))
        right = FRACTION - finer
        dither = (_offsets(g) >> (32 - right)) - (1 << (right - 1))
        halves = (g * a - u * b - c + dither) >> (right - 1)
    mantissas, scale.data[SATURATED], scale.data[NEAR] = stored(halves, dy.format)
    dy.store(mantissas)


def dithers(rows: int, channels: int) -> Array:
    """In units of 2**-32, int64 (R, C)."""
    turned = np.arange(rows, dtype=np.int64)[:, None] * ROW_TURN + np.arange(channels, dtype=np.int64) * CHANNEL_TURN
    return np.asarray(turned & 0xFFFFFFFF)


def _offsets(g: Array) -> Array:
    """What rounding adds before it takes the floor, in units of 2**-32: dithers where g is 0, else 1/2."""
    return np.where(g == 0, dithers(*g.shape), NEAREST)


def _from_singles(g: Array, u: Array, mean: Array, slope: Array, step: Array, dy: View) -> Array:
    """Twice the mantissas of dY, formed in float32 of `step` a channel; of i4 floor(2 x)."""
    times = np.float32(2.0 if dy.form.is_nibbles else 1.0)
    centred = g.astype(np.float32) - mean.astype(np.float32) - u.astype(np.float32) * slope.astype(np.float32)
    dither = (_offsets(g) - NEAREST).astype(np.float32) * np.float32(2.0**-32) * times
    offset = dither if dy.form.is_nibbles else dither + np.float32(0.5)
    whole = _floor(centred * (step * float(times)).astype(np.float32) + offset)
    return whole if dy.form.is_nibbles else 2 * whole


def _floor(values: Array) -> Array:
    """Float32 values within the limits, that below for what is not a number, as the integers below them, int64."""
    low, high = np.float32(-FIXED_LIMIT), np.float32(FIXED_LIMIT)
    below = np.where(np.less(values, high), values, np.where(np.isnan(values), low, high))
    return np.asarray(np.floor(np.maximum(below, low))).astype(np.int64)


def _finer(state: Array, largest: int, elements: int, bits: int) -> int:
    """How many bits finer than what holds the largest; `state` is made that of this step."""
    finer = 0
    if state[KNOWN]:
        finer = min(max(largest - int(state[EXPONENT]) - overflow_trend(state, elements, bits), 0), BITS_OF_ALL - bits)
    begin_step(state, largest - finer, finer)
    return finer


def _quotient(covariance: Array, variance: Array) -> Array:
    """The slope of g along u; 0 where u does not vary."""
    return np.where(variance > 0, covariance / np.where(variance > 0, variance, 1.0), 0.0)


def _reach(x: View, half: View | None, norm: float, rows: np.float64, square: Array) -> Array | float:
    """How large u can be: of numbers the squares sum to the rows (l2) or to `square`."""
    if x.form.is_bits:
        return float(LEVELS[-1]) if half is not None else 1.0
    return 1.0 if norm == L1 else math.sqrt(rows) if norm == L2 else np.sqrt(square)


OP = Op(
    "norm_gradient",
    10,
    "<dx:i4|i8|i16|f16|f32[R,C] <dx_exponent?:i32[1] <unit?:i32[1] <x:bit|f16|f32[R,C] <mask?:bit[R,C] "
    "<half?:bit[R,C] <stats:f16|f32[2,C] <beta?:f16|f32[1,C] <sums:f64[5,C] <more?:f16|f32[R,C] "
    ">dy@dx+more:i4|i8|f16|f32[R,C] >dy_exponent?:i32[1] >dbeta:f32[1,C] =scale?:i64[6]; norm ste",
    reference,
    (
        limits.RECTIFIED_BITS,
        Rule("more == absent or more == dy", "dY {dy}, more {more}: only floats are added up, of one format"),
        Rule(f"unit == absent or dx in (f16, f32) or dy not in {SHORT}", "dX {dx}, dY {dy}: mantissas have no unit"),
        Rule(together("scale != absent", "dy_exponent != absent"), "dY in integers goes with a scale"),
        Rule(
            f"{together(f'dx in {MANTISSA}', 'dx_exponent != absent')} and "
            + together(f"dy in {SHORT}", "dy_exponent != absent"),
            "dX {dx}, dY {dy}: an integer gradient goes with its exponent",
        ),
    ),
    Amount("R * C"),
)
