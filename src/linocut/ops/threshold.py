"""threshold: x^ = +1 where y >= least, by channel: the signs after a batch norm, in prediction.

Of integers by integers, of floats by floats: an f16 is compared as the f32 that it is. What is not a number is -1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work


def reference(*, y: View, least: View, bits: View) -> None:
    """Y (R, C), least (1, C) -> bits (R, C)."""
    wide = np.int64 if y.is_integer() else np.float32
    bits.store(y.data.astype(wide) >= least.data[0])


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    if formats["y"].startswith("i") == formats["least"].startswith("i"):
        return ""
    return f"y {formats['y']} and least {formats['least']}: integers go with i32, floats with f32"


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["R"] * sizes["C"])


OP = Op("threshold", 64, "<y:i16|i32|f16|f32[R,C] <least:i32|f32[1,C] >bits:bit[R,C]", reference, _limits, _work)
