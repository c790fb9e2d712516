"""Binary weights of any layer: latent numbers whose signs are used, or, under Bop, bits alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut import roles

if TYPE_CHECKING:
    from linocut.compile.builder import Builder


@dataclass(frozen=True)
class BinaryWeights:
    """Weights (outputs, inputs).

    `stored` is the latent buffer, or the packed bits where the optimizer keeps no latent.
    """

    name: str
    outputs: int
    inputs: int
    stored: int
    latent: bool

    @staticmethod
    def declare(builder: Builder, name: str, outputs: int, inputs: int) -> BinaryWeights:
        """The weights called `name`, persistent, drawn from N(0, 1 / inputs) at first."""
        latent = builder.optimizer.latent
        role, form = (roles.W, builder.policy.W) if latent else (roles.W_SIGN, "bit")
        stored = builder.persistent(f"{name}.weights", role, (outputs, inputs), form, normal=inputs**-0.5)
        return BinaryWeights(name, outputs, inputs, stored, latent)

    def signs(self, builder: Builder) -> int:
        """The packed signs W^, made now: made again when needed again, they take no room in between."""
        if not self.latent:
            return self.stored
        shape = (self.outputs, self.inputs)
        bits = builder.transient(f"{self.name}.signs", roles.W_SIGN, shape, "bit")
        builder.emit("binarize", {"values": self.stored, "bits": bits})
        return bits

    def update(self, builder: Builder, dy: int, x: int) -> None:
        """The gradient dW from dY and X, and the optimizer's step."""
        shape = (self.outputs, self.inputs)
        dw = builder.transient(f"{self.name}.dW", roles.DW, shape, builder.policy.dW)
        builder.emit("weight_gradient", {"dy": dy, "x": x, "dw": dw})
        builder.optimizer.lower_weights(builder, self.name, self.stored, dw, shape)
