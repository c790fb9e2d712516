"""What a loss is: the last layer of a network, which sets its outputs beside labels or targets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linocut import roles
from linocut.layers.base import Layer, Shape
from linocut.layers.kinds import LOSS, NORMED, REAL
from linocut.layers.lowering import GRADIENT
from linocut.layers.norm_output import form_numbers
from linocut.layers.numbers import real_gradient
from linocut.layers.values import Gradient, Normed, Real, Value, in_numbers

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.ops.bits import Array

ANY_LOSS = 100.0  # of a step, beyond what normed logits allow: shifts of this size are learned by no sensible rate
# What makes predictions of outputs; PATHS: softmax of each step, read as labels of the sequence.
SOFTMAX, SIGMOID, IDENTITY, PATHS = "softmax", "sigmoid", "identity", "paths"


@dataclass(frozen=True)
class Score:
    """Of some examples: the sum of their losses, how many are right (None where nothing can be), how many there are."""

    loss: float
    correct: int | None
    examples: int


@dataclass(frozen=True)
class Loss(Layer):
    """(outputs,) to (outputs,). `function` makes predictions of outputs.

    `by_class`: the truth of an example is a class number, int32 (batch,), -1 for what is no example; else it is
    targets, float32 (batch, outputs), NaN for what is no example.
    """

    takes: ClassVar[tuple[str, ...]] = (NORMED, REAL)
    forms_norms: ClassVar[bool] = True
    by_class: ClassVar[bool]
    targets: ClassVar[tuple[float, float] | None] = None  # what targets must lie between
    function: ClassVar[str]

    def gives(self, kind: str) -> str:
        """What no layer takes: it is the last."""
        return LOSS

    def classes(self, outputs: int) -> int:
        """How many classes so many outputs tell apart, 0 for a regression."""
        return outputs

    def targets_of(self, outputs: int) -> int:
        """How many numbers the truth of an example has, where it is no class number."""
        return outputs

    def most_sensible(self, outputs: int) -> float:
        """The largest loss of a step that training may come to: beyond it, it diverges."""
        return ANY_LOSS + 2.0 * self.classes(outputs)

    @abstractmethod
    def score(self, outputs: Array, truth: Array, lengths: Array | None = None) -> Score:
        """The loss of outputs (n, outputs), beside their labels or targets; of sequences up to their `lengths` (n,)."""

    @abstractmethod
    def emit(self, builder: Lowering, name: str, operands: dict[str, int | None]) -> None:
        """Emit the loss's instruction; operands are logits, gradient, exponent, loss and counters."""

    def lower(self, builder: Lowering, name: str, value: Value) -> Value:
        """Outputs, loss and counters; for training the gradient of the outputs."""
        outputs, give = _formed(builder, name, value)
        builder.output(outputs, "logits")
        operands: dict[str, int | None] = {"logits": outputs, "loss": builder.loss, "counters": builder.counters}
        if not builder.training:
            self.emit(builder, name, operands)
            return value
        gradient = self.gradient(builder, name, value, builder.shape(outputs))
        builder.unit = gradient.exponent if builder.real_X == "f16" else None
        self.emit(builder, name, {**operands, "gradient": gradient.buffer, "exponent": gradient.exponent})
        builder.watched(name, GRADIENT, gradient.buffer, gradient.exponent)
        builder.on_backward(lambda: give(gradient))
        return value

    def gradient(self, builder: Lowering, name: str, value: Value, shape: Shape) -> Gradient:
        """The gradient of the outputs, as the policy has it; of a layer in full precision in floats, if others are."""
        if isinstance(value, Real) and not builder.policy.integer:
            return real_gradient(builder, f"{name}.dX", roles.DX, shape)
        form = "i16" if builder.policy.integer else None  # few elements, the source of all others: the finer ones
        return builder.gradient(f"{name}.dX", roles.DX, shape, form)

    def as_truth(self, labels: Array) -> Array:
        """Class numbers (n,), -1 for no example, or targets, as the loss takes them: one sigmoid takes 0 and 1."""
        if self.by_class or labels.ndim == 2:
            return labels
        return np.where(labels < 0, np.nan, labels).astype(np.float32)[:, None]

    def truth(self, builder: Lowering, shape: Shape) -> int:
        """The buffer of labels (batch,), or of targets (batch, outputs)."""
        if self.by_class:
            return builder.external("labels", roles.LABELS, shape[:1], "i32")
        return builder.external("labels", roles.LABELS, shape, "f32")


def _formed(builder: Lowering, name: str, value: Value) -> tuple[int, Callable[[Gradient], None]]:
    """The outputs as floats, and what takes their gradient."""
    if isinstance(value, Real):
        return value.buffer, lambda gradient: value.give(builder, Gradient(in_numbers(builder, gradient)))
    assert isinstance(value, Normed)
    outputs, kept = form_numbers(builder, name, value, "f32")

    def give(gradient: Gradient) -> None:
        value.kept = kept
        value.give(builder, gradient)

    return outputs, give
