"""SoftmaxCrossEntropy: one class of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linocut.errors import SpecError
from linocut.layers.base import Shape
from linocut.layers.losses.base import SOFTMAX, Loss, Score
from linocut.layers.losses.scored import scored
from linocut.layers.parameters import CONSTANT, Initial, Parameter
from linocut.ops import softmax_cross_entropy

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.ops.bits import Array

CLASS_WEIGHTS = "class_weights"


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of softmax over the outputs, the mean over the examples; (classes,) to (classes,).

    With `smoothing` s the label counts 1 - s and every class s / classes (Szegedy et al., arXiv 1512.00567). With
    `class_weights`, one for each class, the terms of a class count so many times: sums are divided by the number of
    examples, not of their weights, so that micro-batches add up to the same. SpecError for settings out of range.
    """

    kind: ClassVar[str] = "softmax_cross_entropy"
    by_class: ClassVar[bool] = True
    function: ClassVar[str] = SOFTMAX
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _is_number(self.smoothing) or not 0.0 <= self.smoothing < 1.0:
            raise SpecError(f"{self.kind} smoothing is {self.smoothing!r}, must be at least 0 and below 1")
        if not isinstance(self.class_weights, (tuple, list)):
            raise SpecError(f"{self.kind} class_weights is {self.class_weights!r}, must be a list of numbers")
        for number, weight in enumerate(self.class_weights):
            if not _is_number(weight) or not 0.0 <= weight <= MOST_WEIGHT:
                raise SpecError(f"{self.kind} weight of class {number} is {weight!r}, must be 0 to {MOST_WEIGHT:,}")
        if self.class_weights and not any(self.class_weights):
            raise SpecError(f"{self.kind} class_weights are all 0, must not be: there would be no loss")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape (classes,); SpecError for fewer than two classes, and for another number of weights."""
        if len(shape) != 1 or shape[0] < 2:
            raise SpecError(f"takes (classes,) of at least 2, not {shape}")
        if self.class_weights and len(self.class_weights) != shape[0]:
            raise SpecError(f"has {len(self.class_weights)} class weights for {shape[0]} classes; give one for each")
        return shape

    def parameters(self, node: str, shape: Shape) -> tuple[Parameter, ...]:
        """The weights of the classes (1, classes)."""
        if not self.class_weights:
            return ()
        return (Parameter(node, CLASS_WEIGHTS, (1, *shape), CONSTANT, initial=Initial(values=self.class_weights)),)

    def emit(self, builder: Lowering, name: str, operands: dict[str, int | None]) -> None:
        """softmax_cross_entropy."""
        logits = operands["logits"]
        assert logits is not None
        more = {
            "labels": self.truth(builder, builder.shape(logits)),
            "weights": builder.parameter(name, CLASS_WEIGHTS) if self.class_weights else None,
        }
        builder.emit(self.kind, {**operands, **more}, {"smoothing": float(self.smoothing)})

    def score(self, outputs: Array, truth: Array, lengths: Array | None = None) -> Score:
        """The loss of outputs (n, classes) and labels (n,)."""
        weights = np.array([self.class_weights], np.float32) if self.class_weights else None
        return scored(
            softmax_cross_entropy.reference, outputs, labels=truth, weights=weights, smoothing=float(self.smoothing)
        )


MOST_WEIGHT = 1e6


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
