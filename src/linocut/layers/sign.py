"""Sign: sgn with the straight-through estimator, sgn(0) = +1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.layers.base import Layer, Shape
from linocut.layers.batch_norm import norm_kind
from linocut.layers.values import Bits, Kept, Normed, Value, expect

if TYPE_CHECKING:
    from linocut.compile.builder import Builder


@dataclass(frozen=True)
class Sign(Layer):
    """x^ = sgn(x); the gradient passes where |x| <= 1 (Courbariaux et al., arXiv 1602.02830)."""

    kind: ClassVar[str] = "sign"

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def lower(self, builder: Builder, name: str, value: Value) -> Value:
        """The signs of a norm: with X kept as bits no x is ever formed; else x is kept and signs are made from it."""
        expect(value, Normed, name, "the output of a batch norm")
        assert isinstance(value, Normed)
        if builder.policy.X == "bit":
            kept = keep_signs(builder, name, value, ste=True)
            out = Bits(kept.x)
        else:
            kept = Kept(keep_numbers(builder, name, value), None, None, ste=True)
            bits = builder.transient(f"{name}.X^", roles.WORKSPACE, builder.shape(kept.x), "bit")
            builder.emit("binarize", {"values": kept.x, "bits": bits})
            out = Bits(bits, kept.x)

        def backward() -> None:
            value.kept, value.gradient = kept, out.taken()

        builder.on_backward(backward)
        return out


def keep_signs(builder: Builder, name: str, value: Normed, *, ste: bool) -> Kept:
    """Emit norm_sign: packed signs, and for training omega and, where the estimator masks, its mask."""
    shape = builder.shape(value.y)
    bits = builder.transient(f"{name}.X", roles.X, shape, "bit")
    mask = omega = None
    if builder.training:
        omega = builder.transient(f"{name}.omega", roles.NORM, (1, shape[-1]), builder.policy.statistics)
        if ste:
            mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, shape, "bit")
    operands = {"y": value.y, "stats": value.stats, "beta": value.beta, "bits": bits, "mask": mask, "omega": omega}
    builder.emit("norm_sign", operands, {"norm": norm_kind(builder)})
    return Kept(bits, mask, omega, ste)


def keep_numbers(builder: Builder, name: str, value: Normed, form: str | None = None) -> int:
    """Emit norm_apply: x in numbers, in the policy's format of X unless another is given."""
    x = builder.transient(f"{name}.X", roles.X, builder.shape(value.y), form or builder.policy.X)
    operands = {"y": value.y, "stats": value.stats, "beta": value.beta, "x": x}
    builder.emit("norm_apply", operands, {"norm": norm_kind(builder)})
    return x
