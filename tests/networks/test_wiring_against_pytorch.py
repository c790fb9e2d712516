"""Networks that are no chains under `standard` against PyTorch autograd in float64: joins, slices, values read often.

Every instruction's output is compared: the channels that are copied, the sums, and the gradient into every arm.
"""

from __future__ import annotations

import pytest
from compared import check_every_instruction, check_loss, one_step
from test_layers_against_pytorch import BACKWARD, BATCH, CLASSES, CLEAR, FORWARD, OF_NUMBERS, OF_SIGNS

from linocut.graph.place import Entry
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryConv1D,
    BinaryConv2D,
    BinaryDense,
    Concat,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Tanh,
)

IMAGE = Input((6, 5, 3))
STEM = (IMAGE, Conv2D(5), BatchNorm().named("stem"))
SIGNS = (IMAGE, BinaryConv2D(5), BatchNorm(), Sign().named("signs"))
LOSS = SoftmaxCrossEntropy()


def signs(name: str, filters: int, after: str = "signs", sign: Sign | None = None) -> tuple[Entry, ...]:
    """A binary convolution of signs that ends in signs, called `name`."""
    return BinaryConv2D(filters).after(after), BatchNorm(), (sign or Sign()).named(name)


def normed(name: str, filters: int = 5, after: str = "signs") -> tuple[Entry, ...]:
    """A binary convolution of signs that ends in a norm, called `name`."""
    return BinaryConv2D(filters).after(after), BatchNorm().named(name)


CASES: dict[str, tuple[Entry, ...]] = {
    "sum of two norms": (*SIGNS, *normed("a"), *normed("b"), Add().after("a", "b"), Sign(), *OF_SIGNS),
    "sum of three": (
        *(*SIGNS, *normed("a"), *normed("b"), Tanh().after("a").named("c")),
        *(Add().after("a", "b", "c"), ReLU(), *OF_NUMBERS),
    ),
    "sum of one arm twice": (*STEM, Add().after("stem", "stem"), Sign(), *OF_SIGNS),
    "sum of one arm thrice": (*STEM, ReLU().named("x"), Add().after("x", "x", "x"), *OF_NUMBERS),
    "sum with the input": (
        *(Input((4, 3, 2)).named("in"), Conv2D(2, bias=True).named("y"), Add().after("in", "y"), ReLU(), *OF_NUMBERS),
    ),
    "signs side by side": (
        *(*SIGNS, *signs("a", 5), *signs("b", 66), *signs("c", 3), Concat().after("a", "b", "c"), *OF_SIGNS),
    ),
    "signs side by side into a convolution": (
        *(*SIGNS, *signs("a", 5), *signs("b", 66, "a"), *signs("c", 3, "b"), Concat().after("a", "b", "c")),
        *(BinaryConv2D(6), BatchNorm(), Sign(), *OF_SIGNS),
    ),
    "pooled signs side by side with others": (  # some of them are kept as numbers, some as bits
        *(*SIGNS, MaxPool2D(3, 1, "same").named("pooled"), *signs("quadratic", 6, sign=Sign("quadratic"))),
        *(Concat().after("signs", "pooled", "quadratic"), *OF_SIGNS),
    ),
    "signs beside themselves": (*SIGNS, Concat().after("signs", "signs"), *OF_SIGNS),
    "signs of vectors side by side": (
        *(Input((9,)), BinaryDense(70), BatchNorm(), Sign().named("x")),
        *(BinaryDense(5), BatchNorm(), Sign().named("y"), Concat().after("y", "x", "y"), *OF_SIGNS[1:]),
    ),
    "numbers side by side": (
        *(*STEM, Conv2D(4, bias=True).named("a"), Tanh().after("a").named("b")),
        *(Concat().after("stem", "a", "b"), BatchNorm(), *OF_NUMBERS),
    ),
    "numbers of sequences side by side": (
        *(Input((7, 3)), Conv1D(4).named("a"), ReLU().named("b"), Concat().after("b", "a", "b"), *OF_NUMBERS),
    ),
    "channels of signs": (*SIGNS, BinaryConv2D(70), BatchNorm(), Sign(), Slice(3, 66), *OF_SIGNS),
    "all channels in parts": (
        *(*SIGNS, *signs("wide", 70), Slice(0, 5).named("a"), Slice(5, 64).after("wide").named("b")),
        *(Concat().after("b", "a"), *OF_SIGNS),
    ),
    "channels that overlap": (
        *(*SIGNS, *signs("wide", 9), Slice(0, 6).named("a"), Slice(4, 5).after("wide").named("b")),
        *(Concat().after("a", "b"), *OF_SIGNS),
    ),
    "channels of pooled signs": (*SIGNS, MaxPool2D(), Slice(1, 3), *OF_SIGNS),
    "channels of numbers": (*STEM, ReLU(), Slice(1, 3), BatchNorm(), *OF_NUMBERS),
    "channels of a norm": (*STEM, Slice(4, 1), Sign(), *OF_SIGNS),
    "channels of the input": (Input((6, 5, 4)), Slice(1, 2), BinaryConv2D(5), BatchNorm(), Sign(), *OF_SIGNS),
    "channels of floats": (
        *(Input((6, 4), "f32").named("in"), Slice(1, 3), Conv1D(5), ReLU().named("a")),
        *(Slice(0, 2).after("in"), BinaryConv1D(5), BatchNorm().named("b"), Add().after("a", "b"), *OF_NUMBERS),
    ),
    "norm of two readers": (*STEM, Sign().named("x"), *normed("a", 5, "x"), Add().after("stem", "a"), *OF_NUMBERS),
    "signs of two binary layers": (
        *(*SIGNS, *normed("a"), BinaryConv2D(5, 1).after("signs"), BatchNorm().named("b")),
        *(Add().after("a", "b"), Sign(), *OF_SIGNS),
    ),
    "numbers of three readers": (
        *(*STEM, Tanh().named("x"), Conv2D(4).named("a"), Sign().after("x"), BinaryConv2D(4), BatchNorm().named("b")),
        *(Slice(0, 4).after("x").named("c"), Add().after("a", "b", "c"), *OF_NUMBERS),
    ),
    "norm of a sign and another sign": (
        *(*STEM, Sign().named("x"), Sign("quadratic").after("stem").named("y"), Concat().after("x", "y"), *OF_SIGNS),
    ),
    "scaled norm of two readers": (
        *(*SIGNS, BinaryConv2D(5), BatchNorm(scale=True).named("x"), Sign().named("y"), *normed("a", 5, "y")),
        *(Add().after("x", "a"), BatchNorm(scale=True), *OF_NUMBERS),
    ),
    "input of two readers": (
        *(IMAGE.named("in"), BinaryConv2D(5), BatchNorm().named("a"), Conv2D(5, bias=True).after("in").named("b")),
        *(Add().after("a", "b"), Sign(), *OF_SIGNS),
    ),
    "examples of four dimensions": (
        *(Input((2, 3, 2, 5), "f32"), BatchNorm(), Sign().named("x"), Slice(1, 3).named("y")),
        *(Concat().after("y", "x"), Flatten(), BinaryDense(9), BatchNorm(), Sign(), *OF_SIGNS[1:]),
    ),
    "numbers of four dimensions": (
        *(Input((2, 3, 2, 4)), BatchNorm(scale=True), Tanh().named("x"), ReLU().named("y"), Add().after("x", "y")),
        *(Flatten(), Dense(CLASSES, bias=True), LOSS),
    ),
    "examples of five dimensions": (Input((2, 1, 2, 2, 3)), Flatten(), Dense(CLASSES), BatchNorm(), LOSS),
    "sequences as vectors": (
        *(Input((6, 5)), BinaryConv1D(5, 2), BatchNorm(), Sign(), Flatten(), BinaryDense(CLASSES), BatchNorm(), LOSS),
    ),
}
SEED = 1  # with which every case keeps clear of its decisions


@pytest.mark.parametrize("case", CASES)
def test_every_instruction_of_a_step(case: str) -> None:
    pair = one_step(Network("own", CASES[case]), BATCH, SEED)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
