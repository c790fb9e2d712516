"""What ends the networks that are trained on classes or on numbers: dense layers, behind hidden ones."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import unknown_name
from linocut.layers import (
    BatchNorm,
    BinaryDense,
    Dense,
    Layer,
    Loss,
    MeanSquaredError,
    ReLU,
    SigmoidCrossEntropy,
    Sign,
    SoftmaxCrossEntropy,
)

CLASSIFICATION, REGRESSION, MULTILABEL = "classification", "regression", "multilabel"
TASKS: dict[str, type[Loss]] = {
    CLASSIFICATION: SoftmaxCrossEntropy,
    REGRESSION: MeanSquaredError,
    MULTILABEL: SigmoidCrossEntropy,
}


def classifier(hidden: Sequence[int], classes: int) -> list[Layer]:
    """Layers of these widths, and the classes."""
    return [*_hidden(hidden), BinaryDense(classes), BatchNorm(), SoftmaxCrossEntropy()]


def with_real_end(hidden: Sequence[int], outputs: int, loss: Loss) -> list[Layer]:
    """Layers of these widths, and outputs that may be of any size.

    The last hidden layer ends in ReLU, and a full-precision layer with a bias makes the outputs of it: behind a norm
    they would always have the same standard deviation.
    """
    layers = _hidden(hidden)
    return [*layers[:-1], *([ReLU()] if layers else []), Dense(outputs, bias=True), loss]


def loss_of(task: str) -> Loss:
    """The loss of a task of TASKS; SpecError for an unknown one."""
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    return TASKS[task]()


def _hidden(hidden: Sequence[int]) -> list[Layer]:
    return [layer for units in hidden for layer in (BinaryDense(units), BatchNorm(), Sign())]
