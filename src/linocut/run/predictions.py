"""What predicting and evaluating come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linocut.data.arrays import ArrayDataset, as_array
from linocut.data.dataset import Dataset
from linocut.errors import DataError, SpecError
from linocut.layers.losses.base import IDENTITY, PATHS
from linocut.run.feed import check_fits
from linocut.run.probabilities import chosen, likeliest, probabilities

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Evaluation:
    """How a network did: the fraction it got right (None of a regression), the mean loss, over how many examples.

    Of networks that read labels of sequences `error_rate` is that of the labels, by edit distance; None of others.
    """

    accuracy: float | None
    loss: float
    examples: int
    error_rate: float | None = None


class Chosen(NamedTuple):
    """Class numbers and their probabilities, one of each example (n,), or several (n, count)."""

    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]


class Predictions(Chosen):
    """For n examples: the class numbers (n,) int64, and the probability of each chosen class (n,) float32.

    `outputs` (n, outputs) float32 are the network's own (logits, of a regression its targets), and `function` is what
    makes probabilities of them: "softmax", "sigmoid" or "identity". A regression has no classes: they are 0, and
    confidences are 1. One sigmoid tells two classes apart; of several the likeliest is chosen.
    """

    outputs: NDArray[np.float32]
    function: str

    @staticmethod
    def of(outputs: NDArray[np.float32], function: str) -> Predictions:
        """What outputs (n, outputs) float32 mean, of a network whose loss has this function."""
        found = Predictions(chosen(outputs, function), _confidences(outputs, function))
        found.outputs, found.function = outputs, function
        return found

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probability of every class (n, classes) float32, formed when asked for.

        Rows add up to 1, but for several sigmoids, of which each is a label by itself. SpecError of a
        regression.
        """
        return probabilities(self.outputs, self.function)

    def top(self, count: int) -> Chosen:
        """The `count` likeliest classes of each example, the likeliest first, and their probabilities, (n, count) each.

        All classes where there are fewer. SpecError for less than 1, and of a regression.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise SpecError(f"top is {count!r}, must be a whole number, 1 or more")
        shares = self.probabilities
        first = likeliest(self.outputs, self.function, count)
        return Chosen(first, np.take_along_axis(shares, first, axis=1))


AT_ONCE = 1024


def _confidences(outputs: NDArray[np.float32], function: str) -> NDArray[np.float32]:
    """Of a part of the examples at a time, so that no second copy of all outputs is made."""
    found = np.ones(len(outputs), np.float32)
    if function in (IDENTITY, PATHS):
        return found
    for begin in range(0, len(outputs), AT_ONCE):
        some = outputs[begin : begin + AT_ONCE]
        shares = probabilities(some, function)
        found[begin : begin + AT_ONCE] = shares[np.arange(len(some)), chosen(some, function)]
    return found


def unlabelled(images: ArrayLike | Dataset, network: str, shape: tuple[int, ...], dtype: str) -> Dataset:
    """Images (n, *shape), grey ones also (n, height, width), or one example, as a data set; or one, unlabelled.

    DataError where they do not fit.
    """
    if isinstance(images, Dataset):
        check_fits(images, network, shape, dtype)
        return images
    array = as_array(images, "images")
    if array.shape == shape or (len(shape) == 3 and shape[2] == 1 and array.shape == shape[:2]):
        array = array[None]
    none = np.zeros(len(array) if array.ndim else 0, np.int32)
    dataset = ArrayDataset(array, none, ["0"], "images", shape=shape)
    if dataset.dtype == "f32" and dtype == "u8":
        raise DataError(
            f"images has values of type f32, network {network} takes u8; convert the data to bytes, as the network "
            f"takes pixels of 0 to 255: {_as_bytes(array)}"
        )
    check_fits(dataset, network, shape, dtype)
    return dataset


def _as_bytes(floats: NDArray[Any]) -> str:
    """How floats become pixels, by what they lie between."""
    low, high = float(floats.min()), float(floats.max())
    if low >= 0 and high <= 1:
        return "these are 0 to 1, (255 * images).round().astype('uint8')"
    if low >= -1 and high <= 1:
        return "these are -1 to 1, (127.5 * (images + 1)).round().astype('uint8')"
    if low >= 0 and high <= 255:
        return "images.round().astype('uint8')"
    return f"these are {low:g} to {high:g}, and were scaled otherwise; give them as they were before"
