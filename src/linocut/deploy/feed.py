"""Feed: what a session reads, checked against the network before it enters the arena."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset
from linocut.errors import DataError
from linocut.layers import Network
from linocut.run import Session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Examples: TypeAlias = Dataset | tuple[ArrayLike, ArrayLike]


def as_dataset(examples: Examples, network: Network) -> Dataset:
    """The data set itself, or one of the arrays (images, labels); DataError where it does not fit the network."""
    if isinstance(examples, Dataset):
        dataset = examples
    elif isinstance(examples, tuple) and len(examples) == 2:
        dataset = ArrayDataset(*examples, classes=[str(label) for label in range(network.classes)])
    else:
        raise DataError(f"examples are {type(examples).__name__}, must be a data set or a pair (images, labels)")
    check_fits(dataset, network)
    return dataset


def check_fits(dataset: Dataset, network: Network) -> None:
    """DataError unless shape, type and classes of the data set are what the network takes."""
    wanted = network.input
    if tuple(dataset.shape) != wanted.shape:
        raise DataError(
            f"{dataset.name} has examples of shape {_times(dataset.shape)}, network {network.name} takes "
            f"{_times(wanted.shape)}; describe the network with the shape of the data"
        )
    if dataset.dtype != wanted.dtype:
        raise DataError(
            f"{dataset.name} has values of type {dataset.dtype}, network {network.name} takes {wanted.dtype}; "
            f"convert the data, or describe the network with dtype={dataset.dtype!r}"
        )
    if len(dataset.classes) > network.classes:
        raise DataError(
            f"{dataset.name} has {len(dataset.classes)} classes, network {network.name} tells "
            f"{network.classes} apart; describe the network with classes={len(dataset.classes)}"
        )


class Feed:
    """Writes batches into the arena of a session of `network`. `coded`: its f32 input is coded over its range."""

    def __init__(self, session: Session, network: Network, *, coded: bool) -> None:
        """Find the places in the arena."""
        self._images = session.array("input")
        self._labels = session.array("labels")
        self._classes = network.classes
        self._bounds = _bounds(network, coded)

    def put(self, images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Copy a batch into the arena; DataError for a label or a value that is out of range."""
        least, most = labels.min(), labels.max()
        if least < -1 or most >= self._classes:
            wrong = least if least < -1 else most
            raise DataError(f"a label is {wrong}, must be 0 to {self._classes - 1}; mend the labels")
        if self._bounds is not None:
            self._check_values(images, *self._bounds)
        self._images[...] = images
        self._labels[...] = labels

    @staticmethod
    def _check_values(images: NDArray[Any], low: float, high: float) -> None:
        least, most = float(images.min()), float(images.max())
        if not (low <= least and most <= high):  # also where one of them is not a number
            wrong = most if low <= least else least
            raise DataError(
                f"a value of an example is {wrong}, must be {low} to {high}; "
                "scale the data, or give the network's Input another range (low, high)"
            )


def _bounds(network: Network, coded: bool) -> tuple[float, float] | None:
    if network.input.dtype == "u8":
        return None
    if coded:
        return network.input.low, network.input.high
    most = float(np.finfo(np.float32).max)
    return -most, most


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
