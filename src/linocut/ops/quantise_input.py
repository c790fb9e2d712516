"""quantise_input: float inputs in [low, high] to u8 codes, for the policies whose arithmetic is integer."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def reference(*, x: View, codes: View, low: float, high: float) -> None:
    """Codes = floor((x - low) * 255 / (high - low) + 1/2) in double precision, clipped to 0 to 255."""
    scaled = (x.data.astype(np.float64) - low) * (255.0 / (high - low)) + 0.5
    codes.store(np.floor(np.fmax(0.0, np.fmin(255.0, scaled))))


LIMITS = (
    Rule(
        "low < high and finite(high - low) and finite(255 / (high - low))",
        "low is {low} and high {high}: low must be below high, by a distance that can be divided by",
    ),
)
OP = Op("quantise_input", 4, "<x:f16|f32[R,K] >codes:u8[R,K]; low high", reference, LIMITS, Amount("R * K"))
