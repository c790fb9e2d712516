"""cnv: CNV, of the FINN framework."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, BinaryConv2D, Flatten, Input, Layer, MaxPool2D, Sign
from linocut.networks.classifier import classifier
from linocut.networks.shapes import CIFAR


def cnv(input_shape: Sequence[int] = CIFAR, classes: int = 10, dtype: str = "u8") -> Network:
    """CNV (Umuroglu et al., FINN, arXiv 1612.07119): 'valid' 3 x 3 convolutions, pools after the signs.

    (height, width, channels) to (classes,); SpecError where images are too small for its windows.
    """
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters in (64, 128, 256):
        for _ in range(2):
            layers += [BinaryConv2D(filters, padding="valid"), BatchNorm(), Sign()]
        if filters < 256:
            layers.append(MaxPool2D())
    return Network("cnv", (*layers, Flatten(), *classifier((512, 512), classes)))
