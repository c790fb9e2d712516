"""Every kind of layer under `standard` against PyTorch autograd in float64, in networks of a few layers.

Each instruction's output is compared: products, pooled values, signs, gradients of inputs, of weights and of shifts. A
sign would turn a difference of 1e-7 into 2; the tests therefore assert that no activation is that close to a decision.
"""

from __future__ import annotations

import itertools

import pytest
from compared import check_every_instruction, check_loss, one_step

from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Concat,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    Network,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Residual,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Wired,
)

BATCH = 5
CLEAR = 1e-6
FORWARD, BACKWARD = 1e-6, 2e-5
CLASSES = 4
QUADRATIC = Sign("quadratic")
OF_SIGNS = (Flatten(), BinaryDense(CLASSES), BatchNorm(), SoftmaxCrossEntropy())
OF_NUMBERS = (GlobalAveragePool(), Dense(CLASSES), BatchNorm(), SoftmaxCrossEntropy())
IMAGE = Input((9, 8, 3))
STEM = (Input((7, 6, 3)), Conv2D(5), BatchNorm())  # ends in a norm


def body(filters: int = 5, stride: int = 1, sign: Sign | None = None, *, scaled: bool = False) -> tuple[Layer, ...]:
    """A binary convolution as the body of a residual has it."""
    return sign or Sign(), BinaryConv2D(filters, stride=stride, scaled=scaled), BatchNorm()


PROJECTION = (Conv2D(6, 1, 2), BatchNorm())
WINDOWS = [
    window
    for window in itertools.product((3, 1, (2, 3), (4, 2)), (1, 2), ("same", "valid"))
    if window != ((4, 2), 2, "valid")  # leaves a pixel, to a window of 4
]
CASES: dict[str, tuple[Layer | Wired, ...]] = {
    "strides beyond the window": (IMAGE, BinaryConv2D(5, 2, 3), BatchNorm(), Sign(), *OF_SIGNS),
    "windows beyond the image": (
        *(Input((3, 2, 3)), BinaryConv2D(5, 7), BatchNorm(), Sign(), BinaryConv2D(5, 5, 2), BatchNorm(), Sign()),
        *OF_SIGNS,
    ),
    "more than a word of channels": (
        *(Input((4, 5, 70), "f32"), BinaryConv2D(67, stride=2), BatchNorm(), Sign()),
        *(BinaryConv2D(65), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "whole words of channels": (Input((3, 4, 2)), BinaryConv2D(64), BatchNorm(), Sign(), *OF_SIGNS),
    "scaled": (
        *(IMAGE, BinaryConv2D(5, scaled=True), BatchNorm(), Sign()),
        *(BinaryConv2D(6, stride=2, scaled=True), MaxPool2D(), BatchNorm(), QUADRATIC, *OF_SIGNS),
    ),
    "convolutions in numbers": (
        *(IMAGE, Conv2D(5, (3, 2), 2), BatchNorm(), Conv2D(6, 2, padding="valid"), BatchNorm(), ReLU()),
        *(Conv2D(4, 1), BatchNorm(), *OF_NUMBERS),
    ),
    "convolution of floats": (Input((6, 5, 3), "f32"), Conv2D(5, 3, 2), BatchNorm(), *OF_NUMBERS),
    "dense of floats": (Input((20,), "f32"), Dense(9), BatchNorm(), ReLU(), Dense(CLASSES), *OF_SIGNS[2:]),
    "dense of bytes": (Input((20,)), Dense(9), BatchNorm(), Sign(), *OF_SIGNS[1:]),
    "dense of images": (*STEM, ReLU(), Flatten(), Dense(CLASSES), *OF_SIGNS[2:]),
    "norm of the input": (IMAGE, BatchNorm(), Conv2D(5), BatchNorm(), *OF_NUMBERS),
    "norm and signs of the input": (
        *(Input((5, 4, 3), "f32"), BatchNorm(), Sign(), BinaryConv2D(5), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "norm of numbers": (*STEM, ReLU(), BatchNorm(), Sign(), *OF_SIGNS),
    "maxima of products": (IMAGE, BinaryConv2D(5), MaxPool2D(), BatchNorm(), Sign(), *OF_SIGNS),
    "overlapping maxima of products": (
        *(IMAGE, BinaryConv2D(6), BatchNorm(), Sign()),
        *(BinaryConv2D(5), MaxPool2D(3, 2, "same"), MaxPool2D((2, 3), 1, "same"), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "maxima of products in numbers": (IMAGE, Conv2D(5), MaxPool2D(3, 2), BatchNorm(), *OF_NUMBERS),
    "maxima of signs": (IMAGE, BinaryConv2D(5), BatchNorm(), Sign(), MaxPool2D(), *OF_SIGNS),
    "overlapping maxima of signs": (
        *(IMAGE, BinaryConv2D(5), BatchNorm(), Sign(), MaxPool2D(3, 2, "same")),
        *(BinaryConv2D(66), BatchNorm(), QUADRATIC, MaxPool2D((2, 3), 1), *OF_SIGNS),
    ),
    "maxima of a norm": (*STEM, MaxPool2D(3, 2, "same"), Sign(), *OF_SIGNS),
    "maxima of numbers": (*STEM, ReLU(), MaxPool2D(3, 1, "same"), MaxPool2D((3, 2), 2), *OF_NUMBERS),
    "means": (
        *(*STEM, AveragePool2D(), ReLU(), AveragePool2D((2, 3), 1, "same"), AveragePool2D(3, 2, "same")),
        *(AveragePool2D(2, padding="same"), *OF_NUMBERS),
    ),
    "levels of numbers": (
        *(*STEM, AveragePool2D(3, 1, "same"), Quantise(2), QuantisedConv2D(66), BatchNorm(), ReLU(), Quantise(4)),
        *(QuantisedConv2D(4, 1, bits=4), BatchNorm(), Quantise(1), *OF_SIGNS),
    ),
    "maxima of levels": (
        *(*STEM, Quantise(2), MaxPool2D(), QuantisedConv2D(66), BatchNorm(), Quantise(4)),
        *(MaxPool2D(2, 1), QuantisedConv2D(5), BatchNorm(), Quantise(4), Flatten()),
        *(QuantisedDense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()),
    ),
    "overlapping maxima of levels of floats": (
        *(*STEM, AveragePool2D(3, 1, "same"), Quantise(4), MaxPool2D(3, 2, "same"), QuantisedConv2D(6), BatchNorm()),
        *(Quantise(2), MaxPool2D((2, 3), 1, "same"), Flatten(), QuantisedDense(CLASSES), BatchNorm()),
        SoftmaxCrossEntropy(),
    ),
    "joins of levels": (
        *(*STEM, Quantise(2).named("x"), MaxPool2D(3, 1, "same").named("y"), Slice(1, 3).after("x").named("z")),
        *(
            Concat().after("x", "z").named("numbers"),
            QuantisedConv2D(4).after("numbers"),
            BatchNorm(),
            Quantise(2).named("w"),
        ),
        *(Concat().after("y", "w"), Slice(2, 6), Flatten(), QuantisedDense(CLASSES, bits=4), BatchNorm()),
        SoftmaxCrossEntropy(),
    ),
    "levels of scaled weights": (
        *(*STEM, Quantise(2), QuantisedConv2D(6, bits=2, scaled=True), BatchNorm(), Quantise(2)),
        *(QuantisedConv2D(5, 2, 2, bits=1, scaled=True), BatchNorm(), Quantise(4), Flatten()),
        *(QuantisedDense(CLASSES, bits=4, scaled=True, centred=True), BatchNorm(), SoftmaxCrossEntropy()),
    ),
    "levels without a norm": (
        *STEM,
        Residual((Quantise(1), QuantisedConv2D(5, bits=1, scaled=True, floats=True), ReLU())),
        Residual((BatchNorm(), Quantise(2), QuantisedConv2D(5, bits=4, floats=True), ReLU(), MaxPool2D(3, 1, "same"))),
        *(BatchNorm(), Quantise(4), QuantisedConv2D(6, 2, scaled=True, floats=True), BatchNorm(), ReLU(), *OF_NUMBERS),
    ),
    "residual of levels": (
        *(*STEM, Residual((Quantise(2), QuantisedConv2D(6, stride=2), BatchNorm(), ReLU()), PROJECTION)),
        *(Residual((BatchNorm(), Quantise(4), QuantisedConv2D(6, bits=1), BatchNorm())), *OF_NUMBERS),
    ),
    "rectified": (*STEM, ReLU(), Conv2D(5), BatchNorm(), ReLU(), *OF_NUMBERS),
    "quadratic sign of a norm": (IMAGE, BinaryConv2D(5), BatchNorm(), QUADRATIC, *OF_SIGNS),
    "signs of numbers": (*STEM, AveragePool2D(3, 1, "same"), Sign(), *OF_SIGNS),
    "quadratic signs of numbers": (*STEM, AveragePool2D(3, 1, "same"), QUADRATIC, *OF_SIGNS),
    "residual": (*STEM, Residual(body()), ReLU(), *OF_NUMBERS),
    "residual that follows a residual": (*STEM, Residual(body()), Residual(body(sign=QUADRATIC)), *OF_NUMBERS),
    "residual with a projection": (
        *(*STEM, Residual(body(6, 2), (AveragePool2D(padding="same"), Conv2D(6, 1), BatchNorm())), ReLU()),
        *OF_NUMBERS,
    ),
    "residual with a scaled projection": (
        *(*STEM, Residual(body(6, 2, QUADRATIC, scaled=True), (*body(6, 2),)), Sign(), *OF_SIGNS),
    ),
    "residuals in residuals": (
        *(*STEM, Residual((Residual(body()), Residual(body()), ReLU()), (Residual(body()),)), *OF_NUMBERS),
    ),
    "residual of three consumers": (*STEM, Residual((Residual((Residual(body()),)),)), *OF_NUMBERS),
    "residual of a norm and a maximum": (
        *(*STEM, Residual((BatchNorm(),), (MaxPool2D(3, 1, "same"),)), Sign(), *OF_SIGNS),
    ),
    "residual of vectors": (
        *(Input((12,)), Dense(9), BatchNorm(), Residual((ReLU(), Dense(9), BatchNorm())), Sign(), *OF_SIGNS[1:]),
    ),
    "residual of flattened images": (*STEM, Residual((Flatten(),), (Flatten(), ReLU())), Dense(4), *OF_SIGNS[2:]),
}
for bits in (1, 2, 4):
    CASES[f"levels of {bits} bits"] = (
        *(*STEM, Quantise(bits), QuantisedConv2D(6, stride=2, bits=2), BatchNorm(), Quantise(4)),
        *(QuantisedConv2D(5, (2, 3), bits=bits, padding="valid"), MaxPool2D((2, 1), 1), BatchNorm(), Quantise(bits)),
        *(Flatten(), QuantisedDense(CLASSES, bits=bits), BatchNorm(), SoftmaxCrossEntropy()),
    )
for window in WINDOWS:
    CASES["binary convolution {}/{} {}".format(*window)] = (
        *(IMAGE, BinaryConv2D(5, *window), BatchNorm(), Sign(), BinaryConv2D(6, *window), BatchNorm(), Sign()),
        *OF_SIGNS,
    )
SEED = 1  # with which every case keeps clear of its decisions


@pytest.mark.parametrize("case", CASES)
def test_every_instruction_of_a_step(case: str) -> None:
    pair = one_step(Network("own", CASES[case]), BATCH, SEED)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
