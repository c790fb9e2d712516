"""binarize: the signs of latent weights or of kept activations, packed. sgn(0) = +1."""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.work import Amount


def reference(*, values: View, bits: View) -> None:
    """Bits = values >= 0."""
    bits.store(values.data >= 0)


OP = Op("binarize", 1, "<values:q15|q7|f16|f32[R,K] >bits:bit[R,K]", reference, work=Amount("R * K"))
