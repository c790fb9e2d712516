"""resnet50 and resnet152_v2: residual networks of bottlenecks in full precision."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import BatchNorm, Conv2D, Input, Layer, MaxPool2D, ReLU, Residual
from linocut.networks.full_precision import averaged_classes, normed

STAGES = (64, 128, 256, 512)  # filters within a bottleneck; it gives four times as many
GIVES = 4
SHAPE = (299, 299, 3)


def resnet50(input_shape: Sequence[int] = SHAPE, classes: int = 1000, dtype: str = "u8") -> Network:
    """ResNet-50 (He et al., arXiv 1512.03385), the stride on the first 1 x 1 of a stage.

    (height, width, channels) to (classes,).
    """
    layers: list[Layer] = [Input(tuple(input_shape), dtype), *normed(64, 7, 2), MaxPool2D(3, 2, "same")]
    for stage, (filters, depth) in enumerate(zip(STAGES, (3, 4, 6, 3), strict=True)):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            body = (*normed(filters, 1, stride), *normed(filters), *normed(GIVES * filters, 1)[:2])
            side = () if block else tuple(normed(GIVES * filters, 1, stride)[:2])
            layers += [Residual(body, side), ReLU()]
    return Network("resnet50", (*layers, *averaged_classes(classes)))


def resnet152_v2(input_shape: Sequence[int] = SHAPE, classes: int = 1000, dtype: str = "u8") -> Network:
    """ResNet-152 v2 (He et al., arXiv 1603.05027): norms and activations come before the convolutions.

    As `resnet50` the stride is on the first 1 x 1 of a stage. (height, width, channels) to (classes,).
    """
    layers: list[Layer] = [Input(tuple(input_shape), dtype), Conv2D(64, 7, 2, bias=True), MaxPool2D(3, 2, "same")]
    for stage, (filters, depth) in enumerate(zip(STAGES, (3, 8, 36, 3), strict=True)):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            inner = (*normed(filters, 1, stride), *normed(filters), Conv2D(GIVES * filters, 1, bias=True))
            if block:
                layers.append(Residual((BatchNorm(scale=True), ReLU(), *inner)))
            else:
                layers += [BatchNorm(scale=True), ReLU()]
                layers.append(Residual(inner, (Conv2D(GIVES * filters, 1, stride, bias=True),)))
    return Network("resnet152_v2", (*layers, BatchNorm(scale=True), ReLU(), *averaged_classes(classes)))
