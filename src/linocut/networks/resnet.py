"""Binary residual networks with a shortcut around every binary convolution.

resnete18 and bireal18 are for photographs, as resnet of 18 or 34 layers; of 20, 32 or 56 it is for 32 x 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linocut import fields
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
    Wired,
)
from linocut.networks import rectified
from linocut.networks.sections import in_full_precision
from linocut.networks.shapes import CIFAR, IMAGENET

STAGES = (64, 128, 256, 512)  # filters of a residual network's stages
BLOCKS = 4  # binary convolutions in a stage
CIFAR_DEPTHS = (20, 32, 56)  # of a resnet: the stem, three stages and the head
IMAGENET_DEPTHS = {18: (4, 4, 4, 4), 34: (6, 8, 12, 6)}  # binary convolutions by stage
FLOAT, BINARY, NONE = "float", "binary", "none"  # what a shortcut that narrows multiplies with
MORE_BITS = ("2", "4")
SHORTCUTS = (FLOAT, BINARY, NONE, *MORE_BITS)


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
    input_shape: Sequence[int] | None = None,
    classes: int | None = None,
    dtype: str = "u8",
    shortcut: str = FLOAT,
    width: int | None = None,
    float_stages: Sequence[int] = (),
    float_last: int = 0,
    as_published: bool = False,
) -> Network:
    """A binary residual network (He et al., arXiv 1512.03385) as arXiv 1906.01493 has it, a shortcut around each layer.

    (height, width, channels) to (classes,). 20, 32 and 56 layers are for 32 x 32: a stem of 3 x 3, three stages of
    `width` (16), 2 and 4 times as many filters, 10 classes. 18 and 34 are for 224 x 224: a stem of 7 x 7 and a pool,
    four stages from 64 filters on, 1000 classes. Each layer is x + ReLU(BN(conv(sign(BN(x))))). Where filters double, x
    goes through a convolution of 1 x 1 and a norm: in full precision, of signs with the shortcut "binary", of so many
    bits with "2" or "4"; with "none" no layer has a shortcut. The stem, conv1, and the head are in full precision;
    binary convolutions are conv2, conv3 and so on, and shortcut8 is around conv8. `float_stages` are stages in full
    precision, from 1 on, `float_last` so many of the last convolutions. `as_published`: binary weights are scaled and
    centred, norms before a ReLU have a scale, and without shortcuts no norm stands between a product and its ReLU.
    SpecError for another depth, shortcut, stage.
    """
    published = fields.flag(as_published, "resnet as_published")
    plan = _find_plan(depth)
    if shortcut not in SHORTCUTS:
        raise SpecError(f"resnet shortcut is {shortcut!r}, must be {', '.join(map(repr, SHORTCUTS))}")
    own = plan.width if width is None else width
    if not isinstance(own, int) or isinstance(own, bool) or own < 1:
        raise SpecError(f"resnet width is {width!r}, must be a whole number above 0")
    layers: list[Layer | Wired] = [Input(tuple(input_shape or plan.shape), dtype), *plan.stem(own, published)]
    stages: list[list[str]] = []
    number, before = 1, own
    for stage, count in enumerate(plan.stages):
        filters = own << stage
        stages.append([])
        for _ in range(count):
            number += 1
            stages[-1].append(f"conv{number}")
            stride, normed = 1 if filters == before else 2, shortcut != NONE or not published
            body = rectified.convolution(f"conv{number}", filters, 3, stride, published=published, normed=normed)
            side = _narrowing(f"shortcut{number}", filters, shortcut, published) if filters != before else ()
            layers += body if shortcut == NONE else [Residual(body, side)]
            before = filters
    head = (GlobalAveragePool(), BatchNorm(), Dense(classes or plan.classes), BatchNorm(), SoftmaxCrossEntropy())
    network = Network(f"resnet{depth}", (*layers, *head))
    if shortcut in MORE_BITS:
        network = network.with_precision({name: shortcut for name in network.graph.by_name if name[:8] == "shortcut"})
    return in_full_precision(network, stages, float_stages, float_last)


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


def resnet18(
    input_shape: Sequence[int] = IMAGENET,
    classes: int = 1000,
    dtype: str = "u8",
    shortcut: str = FLOAT,
    width: int = 64,
) -> Network:
    """The `resnet` of 18 layers, for photographs: (height, width, channels) to (classes,)."""
    return resnet(18, input_shape, classes, dtype, shortcut, width)


def resnet34(
    input_shape: Sequence[int] = IMAGENET,
    classes: int = 1000,
    dtype: str = "u8",
    shortcut: str = FLOAT,
    width: int = 64,
) -> Network:
    """The `resnet` of 34 layers, for photographs: (height, width, channels) to (classes,)."""
    return resnet(34, input_shape, classes, dtype, shortcut, width)


@dataclass(frozen=True)
class _Plan:
    """What a depth has: binary convolutions by stage, filters of the first, and whether it begins for photographs."""

    stages: tuple[int, ...]
    width: int
    shape: tuple[int, int, int]
    classes: int

    def stem(self, width: int, scale: bool) -> tuple[Layer | Wired, ...]:
        """conv1, in full precision, with its norm, which may have a scale, and ReLU; for photographs a pool too."""
        end = (BatchNorm(scale=scale), ReLU())
        if self.shape == CIFAR:
            return (Conv2D(width, 3).named("conv1"), *end)
        return (Conv2D(width, 7, 2).named("conv1"), *end, MaxPool2D(3, 2, "same"))


def _find_plan(depth: int) -> _Plan:
    if depth in CIFAR_DEPTHS:
        return _Plan(((depth - 2) // 3,) * 3, 16, CIFAR, 10)
    if depth in IMAGENET_DEPTHS:
        return _Plan(IMAGENET_DEPTHS[depth], 64, IMAGENET, 1000)
    there = ", ".join(map(str, (*CIFAR_DEPTHS, *IMAGENET_DEPTHS)))
    raise SpecError(f"resnet depth is {depth!r}, must be {there}")


def _narrowing(name: str, filters: int, shortcut: str, published: bool) -> tuple[Layer | Wired, ...]:
    """A shortcut with twice the filters and half the side."""
    if shortcut == FLOAT:
        return (Conv2D(filters, 1, 2).named(name), BatchNorm())
    return rectified.shortcut(name, filters, 2, published=published)
