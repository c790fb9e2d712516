"""Two small networks for the policies' oracles: one with convolutions and pools in both orders, one with residuals."""

from __future__ import annotations

from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)

CLASSES = 7
CONVOLUTIONAL = Network(
    "convolutional",
    (
        *(Input((13, 14, 3)), BinaryConv2D(10), MaxPool2D(), BatchNorm(), Sign()),  # pool, norm, sign
        *(BinaryConv2D(66, (2, 3)), MaxPool2D(3, 2, "same"), BatchNorm(), Sign()),  # windows that overlap
        *(BinaryConv2D(9, 3, 1), BatchNorm(), Sign(), MaxPool2D((2, 3), 1, "same")),  # norm, sign, pool
        *(BinaryConv2D(6, 2, 2, "valid"), BatchNorm(), Sign(), Flatten()),
        *(BinaryDense(20), BatchNorm(), Sign(), BinaryDense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
RESIDUAL = Network(
    "residual",
    (
        *(Input((11, 10, 3)), BatchNorm(), Conv2D(8, 3, 2), BatchNorm(), ReLU(), MaxPool2D(3, 1, "same"), BatchNorm()),
        Residual((Sign(), BinaryConv2D(8), BatchNorm())),
        Residual(
            (Sign("quadratic"), BinaryConv2D(10, stride=2, scaled=True), BatchNorm()),
            (AveragePool2D(padding="same"), Conv2D(10, 1), BatchNorm()),
        ),
        *(ReLU(), GlobalAveragePool(), Dense(CLASSES), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
NETWORKS = {network.name: network for network in (CONVOLUTIONAL, RESIDUAL)}
