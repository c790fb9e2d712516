"""convnet: a small convolutional network for folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, BinaryConv2D, Flatten, Input, Layer, MaxPool2D, Sign
from linocut.networks.classifier import classifier

SIZE = (64, 64)  # the height and width that it is made for, in pixels
FILTERS = (32, 64, 128, 128)


def convnet(input_shape: Sequence[int] = (*SIZE, 3), classes: int = 10, dtype: str = "u8") -> Network:
    """Four 'same' 3 x 3 convolutions of 32 to 128 filters, each halved by a pool before its norm, and the classes.

    It is laid out like BinaryNet, in a fiftieth of its weights: a few hundred pictures can train it. Of 64 x 64 pixels
    the last convolution leaves 4 x 4. (height, width, channels) to (classes,); SpecError below 16 x 16 pixels.
    """
    layers: list[Layer] = [Input(tuple(input_shape), dtype)]
    for filters in FILTERS:
        layers += [BinaryConv2D(filters), MaxPool2D(), BatchNorm(), Sign()]
    return Network("convnet", (*layers, Flatten(), *classifier((), classes)))
