"""efficientnet_edgetpu_s: a network made for Edge TPUs, whose early blocks have full convolutions, not depthwise."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, Conv2D, DepthwiseConv2D, Input, Layer, ReLU, Residual
from linocut.networks.full_precision import averaged_classes, normed
from linocut.networks.shapes import IMAGENET

# Kernel, stride of the first block, times that channels are widened, channels that are widened in the first block,
# channels given, blocks, and whether the widening is a full convolution.
STAGES = (
    (3, 1, 4, 24, 24, 1, True),
    (3, 2, 8, 24, 32, 2, True),
    (3, 2, 8, 32, 48, 4, True),
    (5, 2, 8, 48, 96, 5, False),
    (5, 1, 8, 96, 144, 4, False),
    (5, 2, 8, 144, 192, 2, False),
)


def efficientnet_edgetpu_s(input_shape: Sequence[int] = IMAGENET, classes: int = 1001, dtype: str = "u8") -> Network:
    """EfficientNet-EdgeTPU-S (Gupta & Akin, arXiv 2003.02838): (height, width, channels) to (classes,)."""
    layers: list[Layer] = [Input(tuple(input_shape), dtype), *normed(32, 3, 2)]
    for kernel, first, times, widened, channels, depth, full in STAGES:
        for block in range(depth):
            before = channels if block else widened
            stride = 1 if block else first
            body = (*_widened(times * before, kernel, stride, full), Conv2D(channels, 1), BatchNorm(scale=True))
            layers += [Residual(body)] if block else list(body)
    return Network("efficientnet_edgetpu_s", (*layers, *normed(1280, 1), *averaged_classes(classes)))


def _widened(filters: int, kernel: int, stride: int, full: bool) -> list[Layer]:
    if full:
        return normed(filters, kernel, stride)
    return [*normed(filters, 1), DepthwiseConv2D(kernel=kernel, stride=stride), BatchNorm(scale=True), ReLU()]
