"""MeanSquaredError and SigmoidCrossEntropy: losses whose truth is targets, one float for each output."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from linocut.errors import SpecError
from linocut.layers.base import Shape
from linocut.layers.losses.base import IDENTITY, SIGMOID, Loss, Score
from linocut.layers.losses.scored import scored
from linocut.ops import mean_squared_error, sigmoid_cross_entropy

if TYPE_CHECKING:
    from linocut.layers.lowering import Lowering
    from linocut.ops.bits import Array


@dataclass(frozen=True)
class _ByNumbers(Loss):
    """A mean over the outputs of an example, and over the examples."""

    by_class: ClassVar[bool] = False

    def output_shape(self, shape: Shape) -> Shape:
        """The same shape."""
        if len(shape) != 1:
            raise SpecError(f"takes (outputs,), not {shape}; put a flatten or a dense before it")
        return shape


@dataclass(frozen=True)
class MeanSquaredError(_ByNumbers):
    """The mean of (output - target)**2 over outputs and examples, for regression; (outputs,) to (outputs,)."""

    kind: ClassVar[str] = "mean_squared_error"
    function: ClassVar[str] = IDENTITY

    def classes(self, outputs: int) -> int:
        """0: outputs are no classes."""
        return 0

    def most_sensible(self, outputs: int) -> float:
        """Any finite loss: it is as large as targets are, squared."""
        return sys.float_info.max

    def emit(self, builder: Lowering, name: str, operands: dict[str, int | None]) -> None:
        """mean_squared_error."""
        outputs = operands.pop("logits")
        assert outputs is not None
        targets = self.truth(builder, builder.shape(outputs))
        builder.emit(self.kind, {**operands, "outputs": outputs, "targets": targets})

    def score(self, outputs: Array, truth: Array, lengths: Array | None = None) -> Score:
        """The loss of outputs and targets (n, outputs); nothing is right or wrong."""

        def reference(logits: object, **given: object) -> None:
            mean_squared_error.reference(outputs=logits, **given)  # type: ignore[arg-type]  # views, as `scored` makes

        return replace(scored(reference, outputs, targets=truth), correct=None)


@dataclass(frozen=True)
class SigmoidCrossEntropy(_ByNumbers):
    """Cross-entropy of the sigmoid of each output with a target from 0 to 1: several labels at once.

    One output tells two classes apart: class 1 where it is 0 or more. Several are as many classes of which an example
    may have any; it is right where all of them are.
    """

    kind: ClassVar[str] = "sigmoid_cross_entropy"
    targets: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    function: ClassVar[str] = SIGMOID

    def classes(self, outputs: int) -> int:
        """Two of one output, else as many as there are outputs."""
        return max(2, outputs)

    def emit(self, builder: Lowering, name: str, operands: dict[str, int | None]) -> None:
        """sigmoid_cross_entropy."""
        logits = operands["logits"]
        assert logits is not None
        builder.emit(self.kind, {**operands, "targets": self.truth(builder, builder.shape(logits))})

    def score(self, outputs: Array, truth: Array, lengths: Array | None = None) -> Score:
        """The loss of outputs and targets (n, outputs)."""
        return scored(sigmoid_cross_entropy.reference, outputs, targets=truth)
