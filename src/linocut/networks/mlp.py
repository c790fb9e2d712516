"""mlp: the paper's perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.graph.network import Network
from linocut.layers import Flatten, Input
from linocut.networks.classifier import classifier


def mlp(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    hidden: Sequence[int] = (256, 256, 256, 256),
    dtype: str = "u8",
) -> Network:
    """The paper's perceptron, 784-256-256-256-256-10 on MNIST; `hidden` are the widths between input and classes."""
    return Network("mlp", (Input(tuple(input_shape), dtype), Flatten(), *classifier(hidden, classes)))
