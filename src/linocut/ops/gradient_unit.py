"""The unit of float gradients, and from_unit, which takes it out of what was formed of them.

A gradient in f16 is kept in units of 2**(unit + LARGER), `unit` being the exponent of the loss's gradient, whose
largest mantissa fills 15 bits: that one is 2**7 of such units, and what is 2**21 times smaller still has all bits.
Without the operand the unit is 1.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.work import Amount

LARGER = 8


def exponent_of(unit: View | None) -> int:
    """The exponent of the unit; 0 without one."""
    return 0 if unit is None else int(unit.data[0]) + LARGER


def reference(*, x: View, unit: View) -> None:
    """X (R, C), gradients of parameters in that unit, in units of 1: in place."""
    x.store(np.ldexp(x.data.astype(np.float64), exponent_of(unit)))


OP = Op("from_unit", 81, "=x:f32[R,C] <unit:i32[1]", reference, work=Amount("R * C"))
