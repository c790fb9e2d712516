"""binarynet: BinaryNet."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, BinaryConv2D, Flatten, Input, Layer, MaxPool2D, Sign
from linocut.networks.classifier import classifier
from linocut.networks.shapes import CIFAR


def binarynet(input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8") -> Network:
    """BinaryNet (Courbariaux et al., arXiv 1602.02830): 'same' 3 x 3 convolutions, pools before the norms.

    (height, width, channels) to (classes,); SpecError where images are too small for its pools.
    """
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters in (128, 256, 512):
        layers += [BinaryConv2D(filters), BatchNorm(), Sign()]
        layers += [BinaryConv2D(filters), MaxPool2D(), BatchNorm(), Sign()]
    return Network("binarynet", (*layers, Flatten(), *classifier((1024, 1024), classes)))
