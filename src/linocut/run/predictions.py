"""What predicting and evaluating come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linocut.data.arrays import ArrayDataset, as_array
from linocut.data.dataset import Dataset
from linocut.errors import DataError
from linocut.layers.losses.base import IDENTITY, SIGMOID
from linocut.run.feed import check_fits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Evaluation:
    """How a network did: the part it got right, None where outputs are numbers; the mean loss; of how many examples."""

    accuracy: float | None
    loss: float
    examples: int


class _Chosen(NamedTuple):
    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]


class Predictions(_Chosen):
    """For n examples: the class numbers (n,) int64, and the probability of each chosen class (n,) float32.

    `outputs` (n, outputs) float32 are the network's own numbers. Of a network whose outputs are numbers there are no
    classes: they are 0, and confidences are 1. One sigmoid tells two classes apart; of several the likeliest is chosen.
    """

    outputs: NDArray[np.float32]

    @staticmethod
    def of(outputs: NDArray[np.float32], function: str) -> Predictions:
        """What the outputs of a network mean, whose loss has this function."""
        choose = {IDENTITY: _none, SIGMOID: _by_sigmoids}.get(function, _by_softmax)
        found = Predictions(*choose(outputs))
        found.outputs = outputs
        return found


AT_ONCE = 1024


def _none(outputs: NDArray[np.float32]) -> _Chosen:
    return _Chosen(np.zeros(len(outputs), np.int64), np.ones(len(outputs), np.float32))


def _by_softmax(outputs: NDArray[np.float32]) -> _Chosen:
    """A part of the examples at a time, so that no second copy of all outputs is made."""
    found = _Chosen(np.empty(len(outputs), np.int64), np.empty(len(outputs), np.float32))
    for begin in range(0, len(outputs), AT_ONCE):
        some = outputs[begin : begin + AT_ONCE]
        powers = np.exp(some - some.max(axis=1, keepdims=True))
        found.classes[begin : begin + AT_ONCE] = some.argmax(axis=1)
        found.confidences[begin : begin + AT_ONCE] = powers.max(axis=1) / powers.sum(axis=1)
    return found


def _by_sigmoids(outputs: NDArray[np.float32]) -> _Chosen:
    likely = 0.5 * (1.0 + np.tanh(0.5 * outputs.astype(np.float64)))
    if outputs.shape[1] == 1:
        classes = (outputs[:, 0] >= 0).astype(np.int64)
        return _Chosen(classes, np.where(classes == 1, likely[:, 0], 1.0 - likely[:, 0]).astype(np.float32))
    classes = outputs.argmax(axis=1)
    return _Chosen(classes, likely[np.arange(len(outputs)), classes].astype(np.float32))


def unlabelled(images: ArrayLike | Dataset, network: str, shape: tuple[int, ...], dtype: str) -> Dataset:
    """Images (n, *shape), grey ones also (n, height, width), as a data set; or one, whose labels do not matter.

    DataError where they do not fit.
    """
    if isinstance(images, Dataset):
        check_fits(images, network, shape, dtype)
        return images
    array = as_array(images, "images")
    if array.shape == shape:
        raise DataError(f"images have shape {shape}, that of one example; give an array of examples, as images[None]")
    none = np.zeros(len(array) if array.ndim else 0, np.int32)
    dataset = ArrayDataset(array, none, ["0"], "images", shape=shape)
    check_fits(dataset, network, shape, dtype)
    return dataset
