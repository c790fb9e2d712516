"""resnete18 and bireal18: binary residual networks of 18 layers."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.networks.shapes import IMAGENET

STAGES = (64, 128, 256, 512)  # filters of a residual network's stages
BLOCKS = 4  # binary convolutions in a stage


def resnete18(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """ResNetE-18 (Bethge et al., arXiv 1906.08637): a shortcut around each of its 16 binary convolutions.

    (height, width, channels) to (classes,); the stem, the projections and the head are in full precision.
    """
    return _residual_network("resnete18", Sign(), False, input_shape, classes, dtype)


def bireal18(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """Bi-Real-18 (Liu et al., arXiv 1808.00278): ResNetE-18 with scaled binary weights.

    And with the quadratic estimator of the sign's gradient. (height, width, channels) to (classes,).
    """
    return _residual_network("bireal18", Sign("quadratic"), True, input_shape, classes, dtype)


def _residual_network(
    name: str, sign: Sign, scaled: bool, input_shape: Sequence[int], classes: int, dtype: str
) -> Network:
    layers: list[Layer] = [Input(tuple(input_shape), dtype), BatchNorm()]
    layers += [Conv2D(STAGES[0], 7, 2), BatchNorm(), ReLU(), MaxPool2D(3, 2, "same"), BatchNorm()]
    before = STAGES[0]
    for filters in STAGES:
        for _ in range(BLOCKS):
            narrows = filters != before
            body = (sign, BinaryConv2D(filters, stride=2 if narrows else 1, scaled=scaled), BatchNorm())
            side = (AveragePool2D(padding="same"), Conv2D(filters, 1), BatchNorm()) if narrows else ()
            layers.append(Residual(body, side))
            before = filters
    return Network(name, (*layers, ReLU(), GlobalAveragePool(), Dense(classes), BatchNorm(), SoftmaxCrossEntropy()))
