"""Weights of any layer while it is lowered.

Binary ones are latent weights whose signs are used or, under Bop, bits alone; others are in full precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from linocut import roles
from linocut.errors import SpecError
from linocut.formats import FORMATS
from linocut.layers.base import Shape
from linocut.layers.biases import in_units_of_one
from linocut.ops.limits import U8_SCALE
from linocut.policies import SMALLEST_INTEGER, Policy

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

I16_MAX, I32_MAX = 2**15 - 1, 2**31 - 1
PART = "weights"
Kind = TypeVar("Kind", bound="_Weights")


@dataclass(frozen=True)
class _Weights:
    """Weights of the node `name`, of a shape (outputs, ..., inputs), in the buffer `stored`."""

    name: str
    shape: Shape
    stored: int

    @classmethod
    def of(cls: type[Kind], builder: Lowering, name: str, *, biased: bool = False) -> Kind:
        """Those that the node declared. `biased`: it has a bias that nothing moves or adds, which has a buffer too."""
        if biased:
            _ = builder.parameter(name, "bias")
        stored = builder.parameter(name, PART)
        return cls(name, builder.shape(stored), stored)


@dataclass(frozen=True)
class BinaryWeights(_Weights):
    """Binary weights of a node, (outputs, ..., inputs).

    `stored` is the latent buffer, or packed bits where there is no latent: the optimizer has none, or they are frozen.
    """

    def signs(self, builder: Lowering) -> int:
        """The packed signs W^, made now: made again when needed again, they take no room in between."""
        if FORMATS[builder.form(self.stored)].is_bits:
            return self.stored
        bits = builder.transient(f"{self.name}.signs", roles.W_SIGN, self.shape, "bit")
        builder.emit("binarize", {"values": self.stored, "bits": bits})
        return bits

    def update(
        self,
        builder: Lowering,
        op: str,
        operands: Mapping[str, int],
        attributes: Mapping[str, float] | None = None,
        *,
        mend: Callable[[int], None] | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """The gradient dW by the instruction `op`, and the optimizer's step; nothing of frozen ones.

        `mend` is given the buffer of dW before the step, `then` emits what follows it.
        """
        if not builder.learns(self.name):
            return
        form = builder.policy.dW
        if FORMATS[form].is_fixed and FORMATS[builder.form(self.stored)].is_bits:
            form = "bit"  # Bop's moments move so slowly that they are of signs
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, form)
        builder.emit(op, {**operands, "dw": dw}, attributes)
        if mend is not None and FORMATS[form].is_float:
            mend(dw)
        builder.update(self.name, PART, dw, then)


@dataclass(frozen=True)
class RealWeights(_Weights):
    """Weights of a node in the policy's format of full precision, (outputs, rows, columns, inputs)."""

    def update(self, builder: Lowering, operands: Mapping[str, int], attributes: Mapping[str, float]) -> None:
        """The gradient dW, in f32, and the optimizer's step; nothing of frozen ones."""
        if not builder.learns(self.name):
            return
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, "f32")
        builder.emit("conv2d_weight_gradient", {**operands, "dw": dw}, attributes)
        in_units_of_one(builder, dw)
        builder.update(self.name, PART, dw)


def product_format(policy: Policy, summed: int, real_input: bool) -> str:
    """The format of a binary layer's Y: the policy's, or the narrowest integer that holds every sum."""
    return integer_format(summed, real_input=real_input) if policy.Y == SMALLEST_INTEGER else policy.Y


def levels_format(node: str, summed: int) -> str:
    """The narrowest integer for sums of levels of this size; SpecError, with the node, where there is none."""
    if summed > I32_MAX:
        raise SpecError(f"{node} sums levels up to {summed:,}, at most {I32_MAX:,}; use a smaller layer or fewer bits")
    return integer_format(summed, real_input=False)


def most_of(summed: int, *, real_input: bool) -> int:
    """The largest sum of `summed` signs, or of so many bytes where the input is the network's."""
    return summed * (U8_SCALE if real_input else 1)


def integer_format(summed: int, *, real_input: bool) -> str:
    """The narrowest integer that holds every sum of `summed` signs.

    Or of so many bytes u that count 2u - 255 where the input is the network's (`real_input`).
    """
    return "i16" if most_of(summed, real_input=real_input) <= I16_MAX else "i32"
