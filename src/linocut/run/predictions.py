"""What predicting and evaluating come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linocut.data.arrays import ArrayDataset, as_array
from linocut.data.dataset import Dataset
from linocut.errors import DataError, SpecError
from linocut.layers.losses.base import IDENTITY
from linocut.run.feed import check_fits
from linocut.run.probabilities import chosen, likeliest, probabilities

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

    `outputs` (n, outputs) float32 are the network's own numbers, and `function` is what makes probabilities of them. Of
    a network whose outputs are numbers there are no classes: they are 0, and confidences are 1. One sigmoid tells two
    classes apart; of several the likeliest is chosen.
    """

    outputs: NDArray[np.float32]
    function: str

    @staticmethod
    def of(outputs: NDArray[np.float32], function: str) -> Predictions:
        """What the outputs of a network mean, whose loss has this function."""
        found = Predictions(chosen(outputs, function), _confidences(outputs, function))
        found.outputs, found.function = outputs, function
        return found

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probability of every class (n, classes) float32, formed when asked for.

        Rows add up to 1, but for several sigmoids, of which each is a label by itself. SpecError where outputs are
        numbers.
        """
        return probabilities(self.outputs, self.function)

    def top(self, count: int) -> _Chosen:
        """The `count` likeliest classes of each example, the likeliest first, and their probabilities, (n, count) each.

        All classes where there are fewer. SpecError for less than 1, and where outputs are numbers.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise SpecError(f"top is {count!r}, must be a whole number, 1 or more")
        shares = self.probabilities
        first = likeliest(self.outputs, self.function, count)
        return _Chosen(first, np.take_along_axis(shares, first, axis=1))


AT_ONCE = 1024


def _confidences(outputs: NDArray[np.float32], function: str) -> NDArray[np.float32]:
    """Of a part of the examples at a time, so that no second copy of all outputs is made."""
    found = np.ones(len(outputs), np.float32)
    if function == IDENTITY:
        return found
    for begin in range(0, len(outputs), AT_ONCE):
        some = outputs[begin : begin + AT_ONCE]
        shares = probabilities(some, function)
        found[begin : begin + AT_ONCE] = shares[np.arange(len(some)), chosen(some, function)]
    return found


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
