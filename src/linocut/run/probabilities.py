"""Probabilities: what a network's outputs say of each class, by the function that its loss ends in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import SpecError
from linocut.layers.losses.base import IDENTITY, PATHS, SIGMOID

if TYPE_CHECKING:
    from numpy.typing import NDArray


def probabilities(outputs: NDArray[np.float32], function: str) -> NDArray[np.float32]:
    """Of outputs (n, outputs) the probability of each class (n, classes) float32.

    Softmax: rows add up to 1; of labels of sequences those of each step, (n, steps, classes). One sigmoid: of class 0
    and of class 1. Several sigmoids: of each label by itself.
    SpecError for outputs that are numbers.
    """
    if function == IDENTITY:
        raise SpecError("the network's outputs are those of a regression, which have no probabilities; read outputs")
    if function == SIGMOID:
        likely = 0.5 * (1.0 + np.tanh(0.5 * outputs.astype(np.float64)))
        return (np.hstack([1.0 - likely, likely]) if outputs.shape[1] == 1 else likely).astype(np.float32)
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def chosen(outputs: NDArray[np.float32], function: str) -> NDArray[np.int64]:
    """The likeliest class (n,) int64, the first of several; 0 of a regression, and of labels of sequences."""
    if function in (IDENTITY, PATHS):
        return np.zeros(len(outputs), np.int64)
    if function == SIGMOID and outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0).astype(np.int64)
    return outputs.argmax(axis=1)


def likeliest(outputs: NDArray[np.float32], function: str, count: int) -> NDArray[np.int64]:
    """The `count` likeliest classes (n, count) int64, the likeliest first, and of equals the first."""
    if function == SIGMOID and outputs.shape[1] == 1:
        first = chosen(outputs, function)
        return np.stack([first, 1 - first], axis=1)[:, :count]
    return np.argsort(-outputs, axis=1, kind="stable")[:, :count]


def ranks(outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place (n,) of each label's class among the classes, the likeliest being 0: as `likeliest` orders them."""
    own = np.take_along_axis(outputs, labels[:, None], axis=1)
    before = (outputs == own) & (np.arange(outputs.shape[1]) < labels[:, None])
    found: NDArray[np.int64] = np.count_nonzero((outputs > own) | before, axis=1)
    return found
