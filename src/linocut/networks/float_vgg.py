"""vgg16 and vgg19: chains of 3 x 3 convolutions in full precision."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import Conv2D, Dense, Flatten, Input, Layer, MaxPool2D, ReLU, SoftmaxCrossEntropy
from linocut.networks.shapes import IMAGENET

FILTERS = (64, 128, 256, 512, 512)
HIDDEN = 4096


def vgg16(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """VGG16 (Simonyan & Zisserman, arXiv 1409.1556, D): (height, width, channels) to (classes,)."""
    return _vgg("vgg16", (2, 2, 3, 3, 3), input_shape, classes, dtype)


def vgg19(input_shape: Sequence[int] = IMAGENET, classes: int = 1000, dtype: str = "u8") -> Network:
    """VGG19 (Simonyan & Zisserman, arXiv 1409.1556, E): (height, width, channels) to (classes,)."""
    return _vgg("vgg19", (2, 2, 4, 4, 4), input_shape, classes, dtype)


def _vgg(name: str, depths: Sequence[int], input_shape: Sequence[int], classes: int, dtype: str) -> Network:
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters, depth in zip(FILTERS, depths, strict=True):
        layers += [layer for _ in range(depth) for layer in (Conv2D(filters, bias=True), ReLU())]
        layers.append(MaxPool2D())
    layers.append(Flatten())
    layers += [layer for _ in range(2) for layer in (Dense(HIDDEN, bias=True), ReLU())]
    return Network(name, (*layers, Dense(classes, bias=True), SoftmaxCrossEntropy()))
