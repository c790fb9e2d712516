"""CTC: connectionist temporal classification: labels of a sequence, without saying where in it each stands."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from linocut import fields, roles
from linocut.errors import SpecError
from linocut.layers.base import Shape
from linocut.layers.circulant_products import lengths_of
from linocut.layers.losses.base import PATHS, Loss, Score
from linocut.layers.losses.scored import scored
from linocut.layers.lowering import Gradient
from linocut.layers.values import Value
from linocut.ops import ctc

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.ops.bits import Array

MOST_LABELS = 4096


@dataclass(frozen=True)
class CTC(Loss):
    """Minus the logarithm of the probability of all paths that read as a sequence's labels; (steps, classes) as it is.

    Each step is one of `classes`, of which the last is the blank; a path reads as labels where repeats are one and
    blanks none (Graves et al. 2006). A sequence has at most `labels` labels: floats (labels,), -1 behind the last. The
    loss is the sum over the steps of a sequence and the mean over the examples. SpecError for no number of labels.
    """

    kind: ClassVar[str] = "ctc"
    by_class: ClassVar[bool] = False
    function: ClassVar[str] = PATHS
    labels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if fields.whole(self.labels, f"{self.kind} labels", 1) > MOST_LABELS:
            raise SpecError(f"{self.kind} labels is {self.labels:,}, must be {MOST_LABELS:,} or fewer")

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape; SpecError for what is no sequence of two classes or more."""
        if len(shape) != 2 or shape[1] < 2:
            raise SpecError(f"takes a sequence (steps, classes) of at least 2 classes, the blank too, not {shape}")
        return shape

    def classes(self, outputs: int) -> int:
        """0: an example has no class of its own."""
        return 0

    def targets_of(self, outputs: int) -> int:
        """The most labels of a sequence."""
        return self.labels

    def most_sensible(self, outputs: int) -> float:
        """Any finite loss: it is a sum over as many steps as there are."""
        return sys.float_info.max

    def gradient(self, builder: Lowering, name: str, value: Value, shape: Shape) -> Gradient:
        """In floats of 32 bits under every policy."""
        return Gradient(builder.transient(f"{name}.dX", roles.DX, shape, "f32"))

    def emit(self, builder: Lowering, name: str, operands: dict[str, int | None]) -> None:
        """ctc."""
        logits = operands["logits"]
        assert logits is not None
        batch, steps = builder.shape(logits)[:2]
        shape = (steps + ctc.ROWS_BESIDE, 2 * self.labels + 2)
        more = {
            "lengths": lengths_of(builder, name, steps),
            "targets": builder.external("labels", roles.LABELS, (batch, self.labels), "f32"),
            "gradient": operands.get("gradient"),
            "work": builder.transient(f"{name}.work", roles.WORKSPACE, shape, "f64"),
        }
        builder.emit(self.kind, {"logits": logits, **more, "loss": operands["loss"], "counters": operands["counters"]})

    def score(self, outputs: Array, truth: Array, lengths: Array | None = None) -> Score:
        """The loss of outputs (n, steps, classes), by default of all steps, and labels (n, labels)."""
        steps = outputs.shape[1]
        work = np.zeros((steps + ctc.ROWS_BESIDE, 2 * truth.shape[1] + 2))

        ends = None if lengths is None else lengths.astype(np.int32)

        def reference(*, exponent: None, **given: Any) -> None:
            ctc.reference(**given)

        return replace(scored(reference, outputs, targets=truth, lengths=ends, work=work), correct=None)
