"""packed_matmul: binary_matmul with weights in panels (ops/panels.py), for prediction: sums, or their signs at once.

y = K - 2 popcount(x ^ w), x^ = +1 where y >= least; the integers of binary_matmul and the signs of norm_sign.
"""

from __future__ import annotations

from collections.abc import Mapping

from linocut.formats import words
from linocut.ops import outcome
from linocut.ops.base import Op, Sizes, View, Work
from linocut.ops.binary_matmul import I16_MAX, I32_MAX
from linocut.ops.panels import misfit, signs

OUTCOME = "<least?:i32[1,N] >bits?:bit[R,N] >y?:i16|i32[R,N]"


def reference(*, x: View, panels: View, least: View | None, bits: View | None, y: View | None) -> None:
    """X (R, K), panels (P, W, 4096), least (1, N) -> bits or y (R, N)."""
    weights = signs(panels.image(), outcome.outputs(bits, y).cols, x.cols)
    outcome.store(x.signs() @ weights[:, 0].T, least, bits, y)


def limits_of_bits(inputs: int, formats: Mapping[str, str]) -> str:
    """Why a sum of so many signs cannot be stored, or ""."""
    most = I16_MAX if formats.get("y") == "i16" else I32_MAX // 2
    if inputs > most:
        return f"{inputs:,} inputs overflow the sum, at most {most:,}; store Y as i32 or use a smaller layer"
    return ""


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    return outcome.limits(formats) or limits_of_bits(sizes["K"], formats)


def _geometry(sizes: Sizes, attributes: Mapping[str, float]) -> str:
    return misfit(sizes["P"], sizes["W"], sizes["N"], words(sizes["K"]))


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("xnor", sizes["R"] * sizes["K"] * sizes["N"])


OP = Op(
    "packed_matmul",
    60,
    "<x:bit[R,K] <panels:bit[P,W,4096] " + OUTCOME,
    reference,
    _limits,
    _work,
    _geometry,
)
