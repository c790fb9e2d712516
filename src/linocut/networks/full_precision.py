"""What the full-precision networks share: a convolution with its norm and activation, and the classes at the end."""

from __future__ import annotations

from linocut.layers import BatchNorm, Conv2D, Dense, GlobalAveragePool, Layer, ReLU, SoftmaxCrossEntropy


def normed(filters: int, kernel: int | tuple[int, int] = 3, stride: int = 1) -> list[Layer]:
    """A 'same' convolution, its norm and ReLU: (height, width, inputs) to (height / stride, ..., filters)."""
    return [Conv2D(filters, kernel, stride), BatchNorm(scale=True), ReLU()]


def averaged_classes(classes: int) -> list[Layer]:
    """The mean over all pixels, and the classes: (height, width, channels) to (classes,)."""
    return [GlobalAveragePool(), Dense(classes, bias=True), SoftmaxCrossEntropy()]
