"""Quantise: activations as levels of 1, 2 or 4 bits, with the straight-through estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from linocut import roles
from linocut.errors import SpecError
from linocut.formats import FORMATS
from linocut.layers.base import Layer, Shape
from linocut.layers.estimator import gate_gradients, gate_norm
from linocut.layers.kinds import LEVELS, NORMED, REAL
from linocut.layers.norm_output import keep_numbers, keep_signs
from linocut.layers.numbers import as_numbers
from linocut.layers.sign import Sign
from linocut.layers.values import Bits, Kept, Normed, Real, Value
from linocut.ops.levels import PLANES, largest
from linocut.ops.norm_gradient_sums import CLIPPED

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering


@dataclass(frozen=True)
class Quantise(Layer):
    """x^ = q_k(x), one of 2**`bits` numbers in equal steps from -1 to 1; the same shape. Of 1 bit it is a sign.

    q_k(x) = 2 (round((2**k - 1) (x + 1) / 2) / (2**k - 1) - 1/2) of x within [-1, 1], beyond it -1 or 1 (Zhou et al.,
    arXiv 1606.06160; Chakraborty et al., arXiv 1906.01493, who leave x unbounded). Its gradient is taken for 1 where
    |x| <= 1. SpecError for other bits than 1, 2 and 4.
    """

    kind: ClassVar[str] = "quantise"
    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)
    forms_norms: ClassVar[bool] = True
    bits: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bits(self.bits, "quantise bits")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        return shape

    def gives(self, kind: str) -> str:
        """Levels; of 1 bit signs."""
        return LEVELS[self.bits]

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """The planes of a norm's levels, or of those of floats."""
        if self.bits == 1:
            return Sign().lower(builder, name, value)
        if isinstance(value, Normed) and not value.rectified:
            return self._of_norm(builder, name, value)
        return self._of_numbers(builder, name, as_numbers(builder, name, value))

    def _of_numbers(self, builder: Lowering, name: str, value: Real) -> Value:
        planes = self._planes(builder, name, roles.X, builder.shape(value.buffer))
        mask = None
        if builder.training:
            mask = builder.transient(f"{name}.mask", roles.GRADIENT_MASK, builder.shape(value.buffer), "bit")
        emit_quantise(builder, value.buffer, planes, mask=mask)
        out = Bits(planes[0], more=planes[1:])
        gate_gradients(builder, name, value, out, {"x": value.buffer} if mask is None else {"mask": mask})
        return out

    def _of_norm(self, builder: Lowering, name: str, value: Normed) -> Value:
        """Where X is kept as bits, so are the planes; else x is kept, and planes are made from it."""
        shape = builder.shape(value.y)
        if not builder.policy.keeps_signs:
            kept = Kept(keep_numbers(builder, name, value), CLIPPED)
            planes = self._planes(builder, name, roles.WORKSPACE, shape)
            emit_quantise(builder, kept.x, planes)
            out = Bits(planes[0], kept.x, planes[1:])
        else:
            kept = keep_signs(builder, name, value, ste=CLIPPED)  # its signs are the first plane
            planes = (kept.x, *self._planes(builder, name, roles.X, shape)[1:])
            if FORMATS[builder.form(value.y)].is_integer:
                emit_quantise(builder, value.y, planes, least=self._least(builder, name, value))
            else:
                emit_quantise(builder, keep_numbers(builder, name, value, "f32"), planes)
            out = Bits(planes[0], more=planes[1:])
        gate_norm(builder, name, value, out, kept)
        return out

    def _least(self, builder: Lowering, name: str, value: Normed) -> int:
        """The least integer y of each level but the lowest, by channel."""
        shape = largest(self.bits), builder.shape(value.y)[-1]
        least = builder.transient(f"{name}.least", roles.WORKSPACE, shape, "i32")
        operands = {"stats": value.stats, "beta": value.beta, "least": least}
        builder.emit("norm_levels", operands, {"norm": value.norm})
        return least

    def _planes(self, builder: Lowering, name: str, role: str, shape: Shape) -> tuple[int, ...]:
        return tuple(builder.transient(f"{name}.X.{plane}", role, shape, "bit") for plane in PLANES[: self.bits])


def emit_quantise(
    builder: Lowering,
    x: int,
    planes: tuple[int, ...],
    *,
    least: int | None = None,
    mask: int | None = None,
    span: float = 1.0,
) -> None:
    """The levels of x in planes; `least` as norm_levels finds it, for integers."""
    operands = {"x": x, "least": least, "mask": mask, **dict(zip(PLANES, planes, strict=False))}
    builder.emit("quantise", operands, {"span": span})


def emit_bytes(builder: Lowering, name: str, planes: tuple[int, ...]) -> int:
    """The levels in planes as bytes u, which count (2u - 255) / 255; returns their buffer."""
    levels = builder.transient(f"{name}.levels", roles.WORKSPACE, builder.shape(planes[0]), "u8")
    builder.emit("levels_to_bytes", {**dict(zip(PLANES, planes, strict=False)), "y": levels})
    return levels


def levels_as_numbers(builder: Lowering, name: str, value: Bits) -> int:
    """Levels in 32-bit floats, for what looks at them; returns their buffer."""
    levels = emit_bytes(builder, name, value.planes)
    numbers = builder.transient(f"{name}.numbers", roles.WORKSPACE, builder.shape(value.buffer), "f32")
    builder.emit("to_numbers", {"x": levels, "y": numbers})
    return numbers


def levels_of_numbers(builder: Lowering, name: str, x: int, bits: int) -> Bits:
    """The levels of so many bits that floats are, or are nearest to, kept in planes."""
    planes = tuple(builder.transient(f"{name}.X.{plane}", roles.X, builder.shape(x), "bit") for plane in PLANES[:bits])
    emit_quantise(builder, x, planes)
    return Bits(planes[0], more=planes[1:])


def check_bits(bits: object, what: str) -> None:
    """SpecError for other bits than there are."""
    if isinstance(bits, bool) or bits not in LEVELS:
        raise SpecError(f"{what} is {bits!r}, must be 1, 2 or 4")
