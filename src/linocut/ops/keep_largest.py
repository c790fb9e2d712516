"""keep_largest: of the sums of a norm's gradients the largest |g| alone, for gradients that no norm has formed.

norm_gradient then divides by the deviations that it is given, and finds the exponent of mantissas.
"""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.norm_gradient_sums import LARGEST, QUANTITIES
from linocut.ops.work import Amount


def reference(*, sums: View) -> None:
    """Sums (5, C) in place."""
    for quantity in range(QUANTITIES):
        if quantity != LARGEST:
            sums.data[quantity] = 0.0


OP = Op("keep_largest", 57, "=sums:f64[5,C]", reference, work=Amount("C"))
