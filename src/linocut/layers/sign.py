"""Sign: sgn with the straight-through estimator, sgn(0) = +1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.layers.base import Layer, Shape
from linocut.layers.estimator import gate_gradients, gate_norm
from linocut.layers.kinds import BITS, NORMED, REAL
from linocut.layers.norm_output import keep_numbers, keep_signs
from linocut.layers.numbers import as_numbers
from linocut.layers.values import Bits, Kept, Normed, Real, Value
from linocut.ops.norm_gradient_sums import CLIPPED

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

CLIP, QUADRATIC, IDENTITY = "clip", "quadratic", "identity"


@dataclass(frozen=True)
class Sign(Layer):
    """x^ = sgn(x), +1 of 0; the same shape. The `estimator` says what its gradient is taken for.

    "clip": 1 where |x| <= 1 (Courbariaux et al., arXiv 1602.02830). "quadratic": 2 - 2|x| where |x| < 1, the slope of a
    piecewise quadratic (Liu et al., arXiv 1808.00278). "identity": 1 everywhere, behind a hard_tanh, which clips.
    SpecError for another.
    """

    kind: ClassVar[str] = "sign"
    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)
    forms_norms: ClassVar[bool] = True
    estimator: str = CLIP

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.estimator not in (CLIP, QUADRATIC, IDENTITY):
            known = f"{CLIP!r}, {QUADRATIC!r} or {IDENTITY!r}"
            raise SpecError(f"sign estimator is {self.estimator!r}, must be {known}")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """Signs."""
        return BITS

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """The signs of a norm, or of floats."""
        if isinstance(value, Normed) and self.estimator == CLIP and not value.rectified:
            return _of_norm(builder, name, value)
        return self._of_numbers(builder, name, as_numbers(builder, name, value))

    def _of_numbers(self, builder: Lowering, name: str, value: Real) -> Value:
        """Bits, and for training the mask, the slope, or the floats themselves where the policy keeps them."""
        shape = builder.shape(value.buffer)
        gate: dict[str, int] = {}
        if builder.training and self.estimator == CLIP:
            gate["mask"] = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit")
        elif builder.training and self.estimator == QUADRATIC and builder.policy.keeps_signs:
            gate["slope"] = builder.transient(f"{name}.slope", roles.GRADIENT_MASK, shape, "u8")
        bits = builder.transient(f"{name}.X", roles.X, shape, "bit")
        builder.emit("real_sign", {"x": value.buffer, "bits": bits, **gate})
        if self.estimator == QUADRATIC:
            gate = gate or {"x": value.buffer}
        out = Bits(bits)
        gate_gradients(builder, name, value, out, gate)
        return out


def _of_norm(builder: Lowering, name: str, value: Normed) -> Value:
    """With X kept as bits no x is ever formed; else x is kept and signs are made from it."""
    if builder.policy.keeps_signs:
        kept = keep_signs(builder, name, value, ste=CLIPPED)
        out = Bits(kept.x)
    else:
        kept = Kept(keep_numbers(builder, name, value), CLIPPED)
        bits = builder.transient(f"{name}.X^", roles.WORKSPACE, builder.shape(kept.x), "bit")
        builder.emit("binarize", {"values": kept.x, "bits": bits})
        out = Bits(bits, kept.x)
    gate_norm(builder, name, value, out, kept)
    return out
