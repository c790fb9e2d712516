"""What ends the paper's convolutional networks: binary dense layers, with a norm and a sign behind each."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.layers import BatchNorm, BinaryDense, Layer, Sign, SoftmaxCrossEntropy


def classifier(hidden: Sequence[int], classes: int) -> list[Layer]:
    """Layers of these widths, and the classes."""
    layers: list[Layer] = []
    for units in hidden:
        layers += [BinaryDense(units), BatchNorm(), Sign()]
    return [*layers, BinaryDense(classes), BatchNorm(), SoftmaxCrossEntropy()]
