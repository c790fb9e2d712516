"""Binary residual networks with a shortcut around every binary convolution.

resnete18 and bireal18 are for photographs; resnet, of 20, 32 or 56 layers, is for images of 32 x 32.
"""

from __future__ import annotations

from collections.abc import Sequence

from linocut.errors import SpecError
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
from linocut.networks.shapes import CIFAR, IMAGENET

STAGES = (64, 128, 256, 512)  # filters of a residual network's stages
BLOCKS = 4  # binary convolutions in a stage
DEPTHS = (20, 32, 56)  # of a resnet: the stem, three stages and the head
FLOAT, BINARY = "float", "binary"  # what a shortcut that narrows multiplies with


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


def resnet(
    depth: int = 20,
    input_shape: Sequence[int] = CIFAR,
    classes: int = 10,
    dtype: str = "u8",
    shortcut: str = FLOAT,
    width: int = 16,
) -> Network:
    """A binary residual network (He et al., arXiv 1512.03385) as arXiv 1906.01493 has it: thin, for 32 x 32.

    (height, width, channels) to (classes,). Three stages of `width`, 2 and 4 times as many filters, of (depth - 2) / 3
    binary convolutions each: x + ReLU(BN(conv(sign(BN(x))))). Where filters double, x goes through a convolution of
    1 x 1 and a norm, in full precision or, with the shortcut "binary", by signs. The stem and the head are in full
    precision. SpecError for a depth other than 20, 32 and 56, for another shortcut, and for no filters.
    """
    if depth not in DEPTHS:
        raise SpecError(f"resnet depth is {depth!r}, must be {', '.join(map(str, DEPTHS))}")
    if shortcut not in (FLOAT, BINARY):
        raise SpecError(f"resnet shortcut is {shortcut!r}, must be {FLOAT!r} or {BINARY!r}")
    if not isinstance(width, int) or width < 1:
        raise SpecError(f"resnet width is {width!r}, must be a whole number above 0")
    layers: list[Layer] = [Input(tuple(input_shape), dtype), Conv2D(width, 3), BatchNorm(), ReLU()]
    before = width
    for filters in (width, 2 * width, 4 * width):
        for _ in range((depth - 2) // 3):
            stride = 1 if filters == before else 2
            body = (BatchNorm(), Sign(), BinaryConv2D(filters, stride=stride), BatchNorm(), ReLU())
            layers.append(Residual(body, _narrowing(filters, shortcut) if filters != before else ()))
            before = filters
    head = (GlobalAveragePool(), BatchNorm(), Dense(classes), BatchNorm(), SoftmaxCrossEntropy())
    return Network(f"resnet{depth}", (*layers, *head))


def resnet20(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", shortcut: str = FLOAT, width: int = 16
) -> Network:
    """The `resnet` of 20 layers: (height, width, channels) to (classes,)."""
    return resnet(20, input_shape, classes, dtype, shortcut, width)


def resnet32(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", shortcut: str = FLOAT, width: int = 16
) -> Network:
    """The `resnet` of 32 layers: (height, width, channels) to (classes,)."""
    return resnet(32, input_shape, classes, dtype, shortcut, width)


def resnet56(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", shortcut: str = FLOAT, width: int = 16
) -> Network:
    """The `resnet` of 56 layers: (height, width, channels) to (classes,)."""
    return resnet(56, input_shape, classes, dtype, shortcut, width)


def _narrowing(filters: int, shortcut: str) -> tuple[Layer, ...]:
    """A shortcut with twice the filters and half the side."""
    if shortcut == BINARY:
        return (BatchNorm(), Sign(), BinaryConv2D(filters, 1, 2), BatchNorm())
    return (Conv2D(filters, 1, 2), BatchNorm())
