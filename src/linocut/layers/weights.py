"""Weights of any layer while it is lowered.

Binary ones are latent numbers whose signs are used or, under Bop, bits alone; others are in full precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut import roles
from linocut.layers.base import Shape
from linocut.ops.limits import U8_SCALE
from linocut.policies import SMALLEST_INTEGER, Policy

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering

I16_MAX = 2**15 - 1
PART = "weights"


@dataclass(frozen=True)
class BinaryWeights:
    """Binary weights of the node `name`, (outputs, ..., inputs).

    `stored` is the latent buffer, or packed bits where there is no latent: the optimizer has none, or they are frozen.
    """

    name: str
    shape: Shape
    stored: int

    @staticmethod
    def of(builder: Lowering, name: str) -> BinaryWeights:
        """Those that the node declared."""
        stored = builder.parameter(name, PART)
        return BinaryWeights(name, builder.shape(stored), stored)

    def signs(self, builder: Lowering) -> int:
        """The packed signs W^, made now: made again when needed again, they take no room in between."""
        if builder.form(self.stored) == "bit":
            return self.stored
        bits = builder.transient(f"{self.name}.signs", roles.W_SIGN, self.shape, "bit")
        builder.emit("binarize", {"values": self.stored, "bits": bits})
        return bits

    def update(
        self, builder: Lowering, op: str, operands: Mapping[str, int], attributes: Mapping[str, float] | None = None
    ) -> None:
        """The gradient dW by the instruction `op`, and the optimizer's step; nothing of frozen ones."""
        if not builder.learns(self.name):
            return
        form = builder.policy.dW
        if form == "q7" and not builder.latent:
            form = "bit"  # Bop's moments move so slowly that they are of signs
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, form)
        builder.emit(op, {**operands, "dw": dw}, attributes)
        builder.update(self.name, PART, dw)


@dataclass(frozen=True)
class RealWeights:
    """Weights of the node `name` in the policy's format of full precision, (outputs, rows, columns, inputs)."""

    name: str
    shape: Shape
    stored: int

    @staticmethod
    def of(builder: Lowering, name: str) -> RealWeights:
        """Those that the node declared."""
        stored = builder.parameter(name, PART)
        return RealWeights(name, builder.shape(stored), stored)

    def update(self, builder: Lowering, operands: Mapping[str, int], attributes: Mapping[str, float]) -> None:
        """The gradient dW, in f32, and the optimizer's step; nothing of frozen ones."""
        if not builder.learns(self.name):
            return
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, "f32")
        builder.emit("conv2d_weight_gradient", {**operands, "dw": dw}, attributes)
        builder.update(self.name, PART, dw)


def product_format(policy: Policy, summed: int, real_input: bool) -> str:
    """The format of a binary layer's Y: the policy's, or the narrowest integer that holds every sum."""
    return integer_format(summed, real_input=real_input) if policy.Y == SMALLEST_INTEGER else policy.Y


def integer_format(summed: int, *, real_input: bool) -> str:
    """The narrowest integer that holds every sum of `summed` signs.

    Or of so many bytes u that count 2u - 255 where the input is the network's (`real_input`).
    """
    return "i16" if summed * (U8_SCALE if real_input else 1) <= I16_MAX else "i32"
