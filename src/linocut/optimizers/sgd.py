"""SGD with momentum, Nesterov's look-ahead and weight decay, as PyTorch computes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linocut.errors import SpecError
from linocut.formats import find_format
from linocut.optimizers.base import Optimizer, Target, Updating, clock, draw, emit_decay


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, as PyTorch computes it: m <- momentum m + g, w <- w - learning_rate m.

    `weight_decay` d adds d w to the gradient g of weights (not of shifts and scales). Fixed-point policies know
    gradients in units of their standard deviation, so that there weights lose learning_rate d / (1 - momentum) of their
    magnitude in each step, what that comes to in the long run. `nesterov`: w <- w - learning_rate (g + momentum m).
    SpecError for settings out of range, and for `nesterov` without a momentum.
    """

    kind: ClassVar[str] = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and not self.momentum:
            raise SpecError("sgd nesterov needs a momentum above 0; give one, such as 0.9")

    @property
    def decays(self) -> tuple[float, float]:
        """(0, 0): there are no moments to correct, the clock only counts."""
        return 0.0, 0.0

    @property
    def _fresh(self) -> float:
        return 1.0 - self.momentum

    def update(self, b: Updating, target: Target) -> None:
        """Emit one update."""
        fixed = find_format(target.moments).is_fixed
        if self.nesterov and b.micro_batches > 1 and not find_format(b.form(target.gradient)).is_float:
            raise SpecError(
                f"sgd nesterov looks ahead by the gradient of a whole step, which {b.micro_batches:,} micro-batches of "
                f"{b.form(target.gradient)} gradients do not keep; take whole batches, or leave nesterov out"
            )
        if fixed:
            emit_decay(b, target, self.weight_decay / (1.0 - self.momentum))
        decay = self.weight_decay if target.decays and not fixed else 0.0
        operands = {"w": target.buffer, "m": target.moment(b, "m"), "dw": target.gradient, "control": b.control}
        attributes = {"momentum": self.momentum, "clip": target.clip, **draw(b, target)}
        b.emit("sgd", {**operands, **clock(b)}, {**attributes, "decay": decay, "nesterov": float(self.nesterov)})
