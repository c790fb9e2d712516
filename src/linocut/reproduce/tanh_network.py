"""The network of arXiv 2107.09437: 784 tanh or ReLU units without bias, 10 outputs with one, pixels from 0 to 1."""

from __future__ import annotations

from linocut.graph.network import Network
from linocut.layers import Dense, Flatten, Input, ReLU, SoftmaxCrossEntropy, Tanh

SHAPE = (28, 28, 1)
HIDDEN = "dense1"  # whose J is followed
DEVIATION = 1 / 56  # of hidden weights at first: J = 0.5


def tanh_network(activation: str = "tanh") -> Network:
    """The paper's; hidden weights from N(0, (1 / 56)^2), outputs by Glorot's uniform rule."""
    layers = (
        *(Input(SHAPE, "f32", 0.0, 1.0), Flatten(), Dense(784, initial=DEVIATION)),
        *(ReLU() if activation == "relu" else Tanh(), Dense(10, bias=True, initial="glorot_uniform")),
    )
    return Network(f"{activation}-784", (*layers, SoftmaxCrossEntropy()))
