"""What the losses share: sums over examples in order, and the gradient of their mean as floats or as mantissas."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.elementary import binary_exponent, rounded
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

I16_BITS = 15


def largest_size(slopes: Array) -> float:
    """The largest of their sizes, passing over what is not a number."""
    return float(np.fmax.reduce(np.abs(slopes), axis=None, initial=0.0))


def add_in_order(total: View, terms: Array) -> None:
    """Add float64 terms to total (1), one after another."""
    total.data[0] = np.cumsum(np.concatenate([total.data, terms]))[-1]


def add_means(loss: View, terms: Array, valid: Array) -> None:
    """Add to loss (1) the mean over each row of terms (R, C), row by row, where `valid` (R)."""
    means = np.cumsum(terms, axis=1)[:, -1] / np.float64(terms.shape[1])
    add_in_order(loss, np.where(valid, means, 0.0))


def store_slopes(slopes: Array, largest: float, gradient: View, exponent: View | None) -> None:
    """Slopes (R, C), float64, as floats, or as i16 with the exponent by which the largest of them fills 15 bits."""
    if exponent is None:
        gradient.store(slopes)
        return
    shift = I16_BITS - binary_exponent(largest)
    exponent.data[0] = -shift
    gradient.store(rounded(np.ldexp(slopes, shift), -32767.0, 32767.0))


LIMITS = (
    Rule(
        "(gradient == i16) == (exponent != absent)",
        "gradient {gradient} and exponent {exponent}: an i16 gradient and an exponent go with each other",
    ),
)
WORK = Amount("R * C")  # an element for each output
