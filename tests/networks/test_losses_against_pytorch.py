"""Every loss under `standard` against PyTorch in float64, behind norms and behind layers in numbers."""

from __future__ import annotations

import pytest
from compared import check_every_instruction, check_loss, one_step
from test_layers_against_pytorch import BACKWARD, BATCH, CLEAR, FORWARD

from linocut.layers import (
    BatchNorm,
    BinaryDense,
    Dense,
    Input,
    Layer,
    Loss,
    MeanSquaredError,
    Network,
    SigmoidCrossEntropy,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)

LOSSES: dict[str, tuple[Loss, int]] = {
    "softmax": (SoftmaxCrossEntropy(), 4),
    "softmax smoothed": (SoftmaxCrossEntropy(0.3), 4),
    "softmax weighted": (SoftmaxCrossEntropy(class_weights=(0.5, 2.0, 1.0, 3.5)), 4),
    "softmax weighted, one weight 0": (SoftmaxCrossEntropy(class_weights=(0.0, 2.0, 1.0)), 3),
    "softmax weighted and smoothed": (SoftmaxCrossEntropy(0.2, (0.5, 2.0, 1.0)), 3),
    "squared error": (MeanSquaredError(), 3),
    "squared error of one": (MeanSquaredError(), 1),
    "sigmoids": (SigmoidCrossEntropy(), 5),
    "sigmoid of labels": (SigmoidCrossEntropy(), 1),
}


def behind(last: str, outputs: int) -> tuple[Layer, ...]:
    """The last layers before a loss."""
    binary = (Input((9,)), BinaryDense(20), BatchNorm(), Sign(), BinaryDense(outputs))
    real = (Input((9,), "f32"), Dense(7, bias=True), Tanh(), Dense(outputs, bias=last == "bias"))
    return {
        "norm": (*binary, BatchNorm()),
        "scaled norm": (*binary, BatchNorm(scale=True)),
        "dense": real,
        "bias": real,
        "norm of a dense": (*real, BatchNorm()),
        "activation": (*real, Tanh()),
    }[last]


@pytest.mark.parametrize("last", ["norm", "scaled norm", "dense", "bias", "norm of a dense", "activation"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_instruction_of_a_step(loss: str, last: str) -> None:
    layer, outputs = LOSSES[loss]
    pair = one_step(Network("own", (*behind(last, outputs), layer)), BATCH, seed=1)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
