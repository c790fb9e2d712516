"""The unit of float gradients: how small numbers stay within 16-bit floats.

A gradient in f16 is kept in units of 2**(unit + LARGER), `unit` being the exponent of the loss's gradient, whose
largest mantissa fills 15 bits: that one is 2**7 of such units, and what is 2**21 times smaller still has all bits.
Without the operand the unit is 1.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import View
from linocut.ops.bits import Array

LARGER = 8


def exponent_of(unit: View | None) -> int:
    """The exponent of the unit; 0 without one."""
    return 0 if unit is None else int(unit.data[0]) + LARGER


def in_units_of_one(sums: Array, unit: View | None) -> Array:
    """Sums that were formed of such gradients, float64."""
    return np.asarray(np.ldexp(sums.astype(np.float64), exponent_of(unit)))
