"""Layers of sequences, biases, scales and smooth activations under `standard` against PyTorch autograd in float64.

As in test_layers_against_pytorch.py, whose networks are of images: every instruction's output is compared.
"""

from __future__ import annotations

import itertools

import pytest
from compared import check_every_instruction, check_loss, one_step
from test_layers_against_pytorch import BACKWARD, BATCH, CLASSES, CLEAR, FORWARD, OF_NUMBERS, OF_SIGNS

from linocut.layers import (
    AveragePool1D,
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool1D,
    Network,
    ReLU,
    Sigmoid,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)

SEQUENCE = Input((11, 3))
FLOATS = Input((11, 3), "f32")
SCALED = BatchNorm(scale=True)
LOSS = SoftmaxCrossEntropy()
CASES: dict[str, tuple[Layer, ...]] = {
    "more than a word of channels": (
        *(Input((5, 70), "f32"), BinaryConv1D(67, 2, 2), BatchNorm(), Sign(), BinaryConv1D(65), BatchNorm(), Sign()),
        *OF_SIGNS,
    ),
    "scaled weights of sequences": (
        *(SEQUENCE, BinaryConv1D(5, scaled=True), BatchNorm(), Sign("quadratic")),
        *(BinaryConv1D(6, 4, 2, scaled=True), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "maxima of a sequence's products": (
        *(SEQUENCE, BinaryConv1D(5), MaxPool1D(), BatchNorm(), Sign()),
        *(BinaryConv1D(6), MaxPool1D(3, 1, "same"), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "maxima of a sequence's signs": (
        *(SEQUENCE, BinaryConv1D(66), BatchNorm(), Sign(), MaxPool1D(3, 2, "same"), *OF_SIGNS),
    ),
    "maxima and means of a sequence": (
        *(FLOATS, Conv1D(5), BatchNorm(), MaxPool1D(2, 1), ReLU(), AveragePool1D(3, 2, "same"), AveragePool1D()),
        *OF_NUMBERS,
    ),
    "means of a sequence's norm": (SEQUENCE, Conv1D(5, bias=True), BatchNorm(), *OF_NUMBERS),
    "convolution with a bias into an activation": (
        *(Input((6, 5, 3)), Conv2D(5, bias=True), ReLU(), Conv2D(4, (2, 3), 2, bias=True), Tanh()),
        *(GlobalAveragePool(), Dense(CLASSES, bias=True), LOSS),
    ),
    "convolution with a bias into a norm and signs": (
        *(Input((6, 5, 3), "f32"), Conv2D(5, bias=True), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "dense with a bias": (
        *(Input((9,)), Dense(7, bias=True), Sigmoid(), Dense(6, bias=True), BatchNorm(), Tanh()),
        *(Dense(5), ReLU(), Dense(CLASSES, bias=True), LOSS),
    ),
    "dense without a bias into a loss": (Input((9,), "f32"), Dense(7), Tanh(), Dense(CLASSES), LOSS),
    "convolution with a bias into a loss": (
        Input((2, 3, 3)),
        Conv2D(CLASSES, (2, 3), 1, "valid", True),
        Flatten(),
        LOSS,
    ),
    "dense alone": (Input((9,)), Dense(CLASSES, bias=True), LOSS),
    "sigmoid of a norm": (Input((6, 5, 3)), Conv2D(5), BatchNorm(), Sigmoid(), Flatten(), Dense(CLASSES), LOSS),
    "signs of an activation": (Input((6, 5, 3)), Conv2D(5), BatchNorm(), Tanh(), Sign(), *OF_SIGNS),
    "scale before signs": (
        *(Input((6, 5, 3)), BinaryConv2D(5), SCALED, Sign(), BinaryConv2D(6), SCALED, Sign("quadratic"), *OF_SIGNS),
    ),
    "scale before an activation": (
        *(SEQUENCE, Conv1D(5), SCALED, ReLU(), Conv1D(5, bias=True), SCALED, Tanh(), *OF_NUMBERS),
    ),
    "scale before the loss": (
        *(Input((9,)), BinaryDense(20), BatchNorm(), Sign(), BinaryDense(CLASSES), SCALED, LOSS),
    ),
    "scale of the input": (FLOATS, SCALED, Sign(), BinaryConv1D(5), SCALED, Sign(), *OF_SIGNS),
    "scale of a dense before the loss": (Input((9,)), Dense(7, bias=True), ReLU(), Dense(CLASSES), SCALED, LOSS),
    "scale into a pool": (FLOATS, Conv1D(5), SCALED, MaxPool1D(), SCALED, Flatten(), Dense(CLASSES), LOSS),
}
for kernel, stride, padding in itertools.product((1, 2, 3, 4), (1, 2), ("same", "valid")):
    window = (kernel, stride, padding)
    CASES[f"windows of sequences {kernel}/{stride} {padding}"] = (
        *(
            Input((23, 3)),
            BinaryConv1D(5, *window),
            BatchNorm(),
            Sign(),
            BinaryConv1D(66, *window),
            BatchNorm(),
            ReLU(),
        ),
        *(Conv1D(4, *window, bias=True), BatchNorm(), *OF_NUMBERS),
    )
SEED = 1  # with which every case keeps clear of its decisions


@pytest.mark.parametrize("case", CASES)
def test_every_instruction_of_a_step(case: str) -> None:
    pair = one_step(Network("own", CASES[case]), BATCH, SEED)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
