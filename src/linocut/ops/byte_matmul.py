"""byte_matmul: the first layer in prediction: bytes u, which count 2u - 255, times signs; sums, or their signs at once.

y is the integer of real_matmul, x^ = +1 where y >= least.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops import outcome
from linocut.ops.base import Op, Sizes, View, Work
from linocut.ops.packed_matmul import OUTCOME
from linocut.ops.real_matmul import MOST_INPUTS, MOST_NARROW_INPUTS, U8_SCALE


def reference(*, x: View, weights: View, least: View | None, bits: View | None, y: View | None) -> None:
    """X (R, K), weights (N, K), least (1, N) -> bits or y (R, N)."""
    outcome.store((2 * x.data.astype(np.int64) - U8_SCALE) @ weights.signs().T, least, bits, y)


def limits_of_bytes(inputs: int, formats: Mapping[str, str]) -> str:
    """Why a sum of so many bytes cannot be stored, or ""."""
    most = MOST_NARROW_INPUTS if formats.get("y") == "i16" else MOST_INPUTS
    if inputs > most:
        return f"{inputs:,} inputs overflow the sum, at most {most:,}; store Y as i32 or use a smaller input"
    return ""


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    return outcome.limits(formats) or limits_of_bytes(sizes["K"], formats)


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("int8", sizes["R"] * sizes["K"] * sizes["N"])


OP = Op("byte_matmul", 62, "<x:u8[R,K] <weights:bit[N,K] " + OUTCOME, reference, _limits, _work)
