"""Bop: binary weights flip, without a latent copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linocut.optimizers.adam import Adam
from linocut.optimizers.base import Optimizer, Target, Updating, clock, draw


@dataclass(frozen=True)
class Bop(Optimizer):
    """Bop (Helwegen et al., arXiv 1906.02107): binary weights flip, without a latent copy.

    A weight w of gradient g flips where w m > `tau`, m <- (1 - gamma) m + gamma g being a moving average of g. What is
    in full precision or of several bits, and the shifts of norms, use Adam at `learning_rate`. SpecError for settings
    out of range.
    """

    kind: ClassVar[str] = "bop"
    latent: ClassVar[bool] = False
    finest_share: ClassVar[float] = 2.0**-20
    learning_rate: float = 1e-3
    gamma: float = 1e-4
    tau: float = 1e-8

    @property
    def decays(self) -> tuple[float, float]:
        """Adam's (beta1, beta2), for the shifts."""
        return Adam().decays

    @property
    def _fresh(self) -> float:
        return self.gamma

    def update(self, b: Updating, target: Target) -> None:
        """Emit one update."""
        if not target.binary or target.parameter.bits > 1:
            Adam(self.learning_rate).update(b, target)
            return
        operands = {"weights": target.buffer, "m": target.moment(b, "m"), "dw": target.gradient}
        b.emit("bop", {**operands, **clock(b)}, {"gamma": self.gamma, "tau": self.tau, **draw(b, target)})
