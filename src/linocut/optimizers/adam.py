"""Adam, with decoupled weight decay. Defaults are PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linocut.formats import find_format
from linocut.optimizers.base import Optimizer, Target, Updating, clock, draw, emit_decay


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma & Ba, arXiv 1412.6980): `beta1` and `beta2` are the decay rates of the first and second moment.

    `epsilon` is added to the root of the second moment. Under `lean` that moment is a constant and takes no memory.
    `weight_decay` is decoupled from the gradient (AdamW: Loshchilov & Hutter, arXiv 1711.05101): in each step weights,
    binary and real ones, but no shifts and scales, lose learning_rate weight_decay of their magnitude. SpecError for
    settings out of range.
    """

    kind: ClassVar[str] = "adam"
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    @property
    def decays(self) -> tuple[float, float]:
        """(beta1, beta2)."""
        return self.beta1, self.beta2

    @property
    def _fresh(self) -> float:
        return 1.0 - self.beta1

    def update(self, b: Updating, target: Target) -> None:
        """Emit one update."""
        emit_decay(b, target, self.weight_decay)
        second = None if find_format(target.moments).is_fixed else target.moment(b, "v")
        operands = {"w": target.buffer, "m": target.moment(b, "m"), "v": second, "dw": target.gradient}
        attributes = {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon, "clip": target.clip}
        b.emit("adam", {**operands, **clock(b), "control": b.control}, {**attributes, **draw(b, target)})
