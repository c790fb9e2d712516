"""norm_gradient: the backward pass of batch norm: dY from dX, and the gradient of beta.

With g the masked gradient, N the rows, u the partner of norm_gradient_sums (x^ for l1, x - beta for l2):
    l2:  dy = (g - mean(g) - u mean(g u)) / divisor            the exact derivative
    l1:  dy = (g - mean(g) - u omega mean(g u)) / psi          Wang et al., arXiv 2102.04270, section 4
    scaled l1:  dy = (g - mean of the g whose x^ is the same) / spread
The last is what remains of g beside 1 and x^: where beta moves the signs to one side, x^ has a mean, and what l1
takes away no longer sums to 0 over the batch.
An i8 dY has at most the power-of-two exponent that its largest possible element needs, and as much less, up to FINEST,
as few enough saturated in the last step: gradients have long tails, of which the largest alone would leave nearly all
others 0. Its `scale` is as in gradient_exponent, without the largest sum. Where X is bits it is g a - p, p being one of
two numbers per channel chosen by the bit x^: from integers in 32 bits with 22 fractional bits for the largest exponent,
from floats in float64. Where X is numbers it is formed in float64. A float dY from integers is formed in units of their
exponent, which the last factor brings in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View
from linocut.ops.bits import Array
from linocut.ops.elementary import binary_exponent, rounded
from linocut.ops.gradient_exponent import EXPONENT, KNOWN, NEAR, SATURATED, begin_step, overflow_trend
from linocut.ops.norm import L1, L2, SCALED_L1, reciprocal, work
from linocut.ops.norm_gradient_sums import masked, partner

FRACTION = 22
MANTISSA_BITS = 7
FINEST = 7  # bits
FIXED_LIMIT = 2.0**30  # passed only by a channel whose g is all 0, where the factor does not matter


def reference(
    *,
    dx: View,
    dx_exponent: View | None,
    x: View,
    mask: View | None,
    stats: View,
    beta: View,
    sums: View,
    dy: View,
    dy_exponent: View | None,
    dbeta: View,
    scale: View | None = None,
    norm: float,
    ste: float,
) -> None:
    """Dx (R, C), sums (4, C) -> dy (R, C), dbeta (1, C)."""
    rows = np.float64(dx.data.shape[0])
    inverse = reciprocal(stats, norm)
    total, product, largest, omega = sums.data
    mean, slope = total / rows, product / rows
    if norm == L1:
        slope = slope * omega
    elif norm == SCALED_L1:
        plus, minus = _share(total + product, omega), _share(total - product, rows - omega)
        mean, slope = (plus + minus) * 0.5, (plus - minus) * 0.5
    g = masked(dx, x, mask, ste)
    exponent = 0 if dx_exponent is None else int(dx_exponent.data[0])
    dbeta.store(np.ldexp(total, exponent)[None])
    if dy_exponent is None or scale is None:
        u = partner(x, beta, norm).astype(np.float32)
        centred = g.astype(np.float32) - mean.astype(np.float32) - u * slope.astype(np.float32)
        dy.store(centred * np.ldexp(inverse, exponent).astype(np.float32))
        return
    reach = math.sqrt(rows) if norm == L2 and x.format != "bit" else 1.0  # of u, whose squares then sum to the rows
    k = binary_exponent(float(((largest + np.abs(mean) + np.abs(slope) * reach) * inverse).max()))
    finer = _finer(scale.data, exponent + k - MANTISSA_BITS, g.size)
    dy_exponent.data[0] = exponent + k - MANTISSA_BITS - finer
    if x.format != "bit":
        unit = inverse * math.ldexp(1.0, MANTISSA_BITS - k + finer)
        whole = (g.astype(np.float64) - mean - partner(x, beta, norm).astype(np.float64) * slope) * unit
        mantissas = rounded(whole, -FIXED_LIMIT, FIXED_LIMIT)
    elif dx_exponent is None:
        unit = inverse * math.ldexp(1.0, MANTISSA_BITS - k + finer)
        offset = np.where(x.bits(), (mean + slope) * unit, (mean - slope) * unit)
        mantissas = rounded(g.astype(np.float64) * unit - offset, -FIXED_LIMIT, FIXED_LIMIT)
    else:
        unit = inverse * math.ldexp(1.0, MANTISSA_BITS - k + FRACTION)
        factor = rounded(unit, -FIXED_LIMIT, FIXED_LIMIT)
        plus, minus = (rounded((mean + sign * slope) * unit, -FIXED_LIMIT, FIXED_LIMIT) for sign in (1.0, -1.0))
        fixed = g * factor - np.where(x.bits(), plus, minus)
        mantissas = (fixed + (1 << (FRACTION - finer - 1))) >> (FRACTION - finer)
    size = np.abs(mantissas.astype(np.int64))
    scale.data[[SATURATED, NEAR]] = np.count_nonzero(size > 127), np.count_nonzero(size > 63)
    dy.store(np.clip(mantissas, -127, 127))


def _finer(state: Array, largest: int, elements: int) -> int:
    """How many bits finer than what holds the largest; `state` is made that of this step."""
    finer = 0
    if state[KNOWN]:
        finer = min(max(largest - int(state[EXPONENT]) - overflow_trend(state, elements), 0), FINEST)
    begin_step(state, largest - finer, finer)
    return finer


def _share(twice: Array, count: Array) -> Array:
    """The mean of the gradients of one sign; 0 where no element has it."""
    return np.where(count > 0, twice * 0.5 / np.where(count > 0, count, 1.0), 0.0)


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    integers = {name for name in ("dx", "dy") if formats[name] in ("i8", "i16")}
    exponents = {name for name in ("dx", "dy") if f"{name}_exponent" in formats}
    if ("scale" in formats) != ("dy_exponent" in formats):
        return "dY in integers goes with a scale"
    if integers != exponents:
        return f"dX {formats['dx']}, dY {formats['dy']}: an integer gradient goes with its exponent"
    return ""


OP = Op(
    "norm_gradient",
    10,
    "<dx:i8|i16|f16|f32[R,C] <dx_exponent?:i32[1] <x:bit|f16|f32[R,C] <mask?:bit[R,C] <stats:f16|f32[2,C] "
    "<beta:f16|f32[1,C] <sums:f64[4,C] >dy@dx:i8|f16|f32[R,C] >dy_exponent?:i32[1] >dbeta:f32[1,C] "
    "=scale?:i64[6]; norm ste",
    reference,
    _limits,
    work,
)
