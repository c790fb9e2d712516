"""vgg: binary VGG-16 and VGG-19 for images of 32 x 32, with or without shortcuts around the layers that widen."""

from __future__ import annotations

from collections.abc import Sequence

from linocut import fields
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    SoftmaxCrossEntropy,
    Wired,
)
from linocut.networks import rectified
from linocut.networks.sections import in_full_precision
from linocut.networks.shapes import CIFAR

FILTERS = (64, 128, 256, 512, 512)  # of the stages
DEPTHS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # convolutions by stage
HEADS: dict[int, tuple[int, ...]] = {16: (1024,), 19: ()}  # binary dense layers before the classes
FLOAT, BINARY, NONE = "float", "binary", "none"
SHORTCUTS = (NONE, FLOAT, BINARY)


def vgg(
    depth: int = 19,
    input_shape: Sequence[int] = CIFAR,
    classes: int = 10,
    dtype: str = "u8",
    shortcut: str = NONE,
    head: Sequence[int] | None = None,
    float_stages: Sequence[int] = (),
    float_last: int = 0,
    as_published: bool = False,
) -> Network:
    """VGG of 16 or 19 layers (Simonyan & Zisserman, arXiv 1409.1556) of signs, as arXiv 1902.00460 and 1906.01493 do.

    (height, width, channels) to (classes,). 3 x 3 convolutions of 64 to 512 filters: conv1 in full precision, the
    others ReLU(BN(conv(sign(BN(x))))), with a max-pool behind each stage. `shortcut` "float" or "binary" puts a 1 x 1
    convolution and a norm around the first layer of each wider stage: shortcut3 is around conv3. `head` are binary
    dense layers before that of the classes, which is in full precision: of 16 layers one of 1024, of 19 none.
    `float_stages` are stages in full precision, from 1 on, `float_last` so many of the last convolutions.
    `as_published`: binary weights are scaled and centred, and no norm stands between a product and its ReLU. SpecError
    for another depth, shortcut, head or stage.
    """
    published = fields.flag(as_published, "vgg as_published")
    if depth not in DEPTHS:
        raise SpecError(f"vgg depth is {depth!r}, must be {' or '.join(map(str, DEPTHS))}")
    if shortcut not in SHORTCUTS:
        raise SpecError(f"vgg shortcut is {shortcut!r}, must be {', '.join(map(repr, SHORTCUTS))}")
    layers: list[Layer | Wired] = [Input(tuple(input_shape), dtype)]
    stages: list[list[str]] = []
    number, before = 0, 0
    for filters, count in zip(FILTERS, DEPTHS[depth], strict=True):
        stages.append([])
        for _ in range(count):
            number += 1
            if number == 1:
                layers += [Conv2D(filters).named("conv1"), BatchNorm(scale=published), ReLU()]
            else:
                stages[-1].append(f"conv{number}")
                body = rectified.convolution(f"conv{number}", filters, published=published, normed=not published)
                side = _widening(f"shortcut{number}", filters, shortcut, published)
                layers += [Residual(body, side)] if shortcut != NONE and filters != before else body
            before = filters
        layers.append(MaxPool2D())
    layers.append(Flatten())
    for units in HEADS[depth] if head is None else head:
        number += 1
        layers += rectified.dense(f"dense{number}", units, published=published)
    end = (BatchNorm(), Dense(classes), BatchNorm(), SoftmaxCrossEntropy())
    network = Network(f"xnor_vgg{depth}", (*layers, *end))
    return in_full_precision(network, stages, float_stages, float_last)


def xnor_vgg16(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", shortcut: str = NONE
) -> Network:
    """The binary `vgg` of 16 layers: (height, width, channels) to (classes,)."""
    return vgg(16, input_shape, classes, dtype, shortcut)


def xnor_vgg19(
    input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8", shortcut: str = NONE
) -> Network:
    """The binary `vgg` of 19 layers: (height, width, channels) to (classes,)."""
    return vgg(19, input_shape, classes, dtype, shortcut)


def _widening(name: str, filters: int, shortcut: str, published: bool) -> tuple[Layer | Wired, ...]:
    """A shortcut with more filters."""
    if shortcut == FLOAT:
        return (Conv2D(filters, 1).named(name), BatchNorm())
    return rectified.shortcut(name, filters, 1, published=published)
