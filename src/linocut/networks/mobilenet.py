"""mobilenet_v1 and mobilenet_v2: depthwise convolutions in full precision, to be counted and estimated."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, DepthwiseConv2D, Input, Layer, ReLU, Residual
from linocut.networks.full_precision import averaged_classes, normed
from linocut.networks.shapes import IMAGENET

# Of v1: filters and stride of each pair of a depthwise and a 1 x 1 convolution.
PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# Of v2: how many times the channels are widened, the channels given, the blocks and the stride of the first.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def mobilenet_v1(input_shape: Sequence[int] = IMAGENET, classes: int = 1001, dtype: str = "u8") -> Network:
    """MobileNet v1 of width 1 (Howard et al., arXiv 1704.04861): (height, width, channels) to (classes,)."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype), *normed(32, 3, 2)]
    for filters, stride in PAIRS:
        layers += [*_depthwise(stride), *normed(filters, 1)]
    return Network("mobilenet_v1", (*layers, *averaged_classes(classes)))


def mobilenet_v2(input_shape: Sequence[int] = IMAGENET, classes: int = 1001, dtype: str = "u8") -> Network:
    """MobileNet v2 of width 1 (Sandler et al., arXiv 1801.04381): (height, width, channels) to (classes,)."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype), *normed(32, 3, 2)]
    before = 32
    for widened, channels, depth, first in STAGES:
        for block in range(depth):
            stride = 1 if block else first
            wide = normed(widened * before, 1) if widened > 1 else []
            body = (*wide, *_depthwise(stride), *normed(channels, 1)[:2])
            layers += [Residual(body)] if block else list(body)
            before = channels
    return Network("mobilenet_v2", (*layers, *normed(1280, 1), *averaged_classes(classes)))


def _depthwise(stride: int) -> list[Layer]:
    return [DepthwiseConv2D(stride=stride), BatchNorm(scale=True), ReLU()]
