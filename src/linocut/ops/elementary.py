"""exp, log, sigmoid, tanh and exponents by plain IEEE arithmetic in a fixed order: every machine agrees to the bit.

The native core repeats these line by line (native/kernels/elementary.hpp).
"""

from __future__ import annotations

import math

import numpy as np

from linocut.ops.bits import Array

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.693147180369123816490  # ln 2 with its low 32 bits zero, so that k * LN2_HIGH is exact
LN2_LOW = 1.90821492927058770002e-10
EXP_LEAST = -700.0
EXP_TERMS = 13
LOG_TERMS = 11
TANH_SERIES = 2.0**-12  # below, x - x**3 / 3 is exact to 2**-50; 1 - e**-2x would lose the low bits


def exp(x: Array) -> Array:
    """e**x for x <= 0, float64, relative error below 1e-15; 0 below -700."""
    k = np.floor(x * LOG2_E + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    total = np.full_like(r, 1.0 / math.factorial(EXP_TERMS))
    for n in range(EXP_TERMS - 1, -1, -1):
        total = total * r + 1.0 / math.factorial(n)
    return np.where(x < EXP_LEAST, 0.0, np.ldexp(total, np.maximum(k, -1100.0).astype(np.int32)))


def log(x: Array) -> Array:
    """ln x for x >= 1, float64, by the series of atanh."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    exponent = np.where(small, exponent - 1, exponent).astype(np.float64)
    z = (mantissa - 1.0) / (mantissa + 1.0)
    square = z * z
    total = np.full_like(z, 1.0 / (2 * LOG_TERMS - 1))
    for n in range(LOG_TERMS - 2, -1, -1):
        total = total * square + 1.0 / (2 * n + 1)
    return 2.0 * z * total + exponent * (LN2_HIGH + LN2_LOW)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e**-x), float64; what is not a number stays as it is."""
    with np.errstate(over="ignore", invalid="ignore"):  # of the series, where its value is not used
        power = exp(-np.abs(x))
    return np.where(np.isnan(x), x, np.where(x >= 0, 1.0, power) / (1.0 + power))


def tanh(x: Array) -> Array:
    """Tanh x, float64, relative error below 2**-38; what is not a number stays as it is."""
    size = np.abs(x)
    with np.errstate(over="ignore", invalid="ignore"):
        power = exp(-2.0 * size)
        near = x * (1.0 - x * x * (1.0 / 3.0))
    far = (1.0 - power) / (1.0 + power)
    return np.where(np.isnan(x), x, np.where(size < TANH_SERIES, near, np.where(x < 0, -far, far)))


def rounded(x: Array | float, low: float, high: float) -> Array:
    """floor(x + 1/2) within [low, high] as int64; low for what is not a number."""
    below = np.where(np.less(x, high), x, np.where(np.isnan(x), low, high))
    return np.asarray(np.floor(np.maximum(below, low) + 0.5)).astype(np.int64)


def binary_exponent(x: float) -> int:
    """The k with x = f 2**k, 1/2 <= f < 1, for a positive finite x; 0 otherwise."""
    return math.frexp(x)[1] if 0.0 < x < math.inf else 0
