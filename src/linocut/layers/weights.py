"""Weights of any layer.

Binary ones are latent numbers whose signs are used or, under Bop, bits alone; others are in full precision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut import roles
from linocut.ops.real_matmul import U8_SCALE
from linocut.policies import SMALLEST_INTEGER, Policy

if TYPE_CHECKING:
    from linocut.compile.builder import Builder

I16_MAX = 2**15 - 1


@dataclass(frozen=True)
class BinaryWeights:
    """Weights (outputs, ..., inputs).

    `stored` is the latent buffer, or the packed bits where the optimizer keeps no latent.
    """

    name: str
    shape: tuple[int, ...]
    stored: int
    latent: bool

    @staticmethod
    def declare(builder: Builder, name: str, shape: tuple[int, ...]) -> BinaryWeights:
        """The weights called `name`, persistent, drawn from N(0, 1 / fan-in) at first."""
        latent = builder.optimizer.latent
        role, form = (roles.W, builder.policy.W) if latent else (roles.W_SIGN, "bit")
        inputs = fan_in(shape)
        normal = inputs**-0.5 / builder.policy.weight_range(inputs)
        stored = builder.persistent(f"{name}.weights", role, shape, form, normal=normal)
        return BinaryWeights(name, shape, stored, latent)

    def signs(self, builder: Builder) -> int:
        """The packed signs W^, made now: made again when needed again, they take no room in between."""
        if not self.latent:
            return self.stored
        bits = builder.transient(f"{self.name}.signs", roles.W_SIGN, self.shape, "bit")
        builder.emit("binarize", {"values": self.stored, "bits": bits})
        return bits

    def update(
        self, builder: Builder, op: str, operands: Mapping[str, int], attributes: Mapping[str, float] | None = None
    ) -> None:
        """The gradient dW by the instruction `op`, and the optimizer's step."""
        form = builder.policy.dW
        if form == "q7" and not self.latent:
            form = "bit"  # Bop's moments move so slowly that they are of signs
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, form)
        builder.emit(op, {**operands, "dw": dw}, attributes)
        builder.optimizer.lower_weights(builder, self.name, self.stored, dw, self.shape, fan_in(self.shape))


@dataclass(frozen=True)
class RealWeights:
    """Full-precision weights (outputs, rows, columns, inputs), in the policy's format of full-precision layers."""

    name: str
    shape: tuple[int, ...]
    stored: int

    @staticmethod
    def declare(builder: Builder, name: str, shape: tuple[int, ...]) -> RealWeights:
        """The weights called `name`, persistent, drawn from N(0, 1 / fan-in) at first."""
        normal = fan_in(shape) ** -0.5
        stored = builder.persistent(f"{name}.weights", roles.W, shape, builder.policy.real, normal=normal)
        return RealWeights(name, shape, stored)

    def update(self, builder: Builder, operands: Mapping[str, int], attributes: Mapping[str, float]) -> None:
        """The gradient dW, in f32, and the optimizer's step."""
        dw = builder.transient(f"{self.name}.dW", roles.DW, self.shape, "f32")
        builder.emit("conv2d_weight_gradient", {**operands, "dw": dw}, attributes)
        builder.optimizer.lower_real_weights(builder, self.name, self.stored, dw, self.shape)


def fan_in(shape: tuple[int, ...]) -> int:
    """How many inputs each output of weights (outputs, ..., inputs) sums."""
    return math.prod(shape[1:])


def product_format(policy: Policy, summed: int, real_input: bool) -> str:
    """The format of a binary layer's Y: the policy's, or the narrowest integer that holds every sum.

    Of `summed` signs, or of so many bytes u that count 2u - 255 where the input is the network's.
    """
    if policy.Y != SMALLEST_INTEGER:
        return policy.Y
    return "i16" if summed * (U8_SCALE if real_input else 1) <= I16_MAX else "i32"
