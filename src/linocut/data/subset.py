"""Subset: some examples of a data set: the first ones, for quick trials (`--limit N`), or those of a split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Crops, Dataset, check_read
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Subset(Dataset):
    """The examples of `dataset` at `places` (n,), in this order, read through it."""

    def __init__(self, dataset: Dataset, places: NDArray[np.int64]) -> None:
        """Keep the data set and the places, each from 0 to len(dataset) - 1, in as few bytes as hold them."""
        self.name = dataset.name
        self.shape = dataset.shape
        self.dtype = dataset.dtype
        self.classes = dataset.classes
        self.handed = dataset.handed
        self.crops = dataset.crops
        self.targets = dataset.targets
        self.resizing = dataset.resizing
        self.notes = dataset.notes
        self.form = dataset.form
        if dataset.conditions is not None:
            what, values = dataset.conditions
            self.conditions = what, values[places]
        self._dataset = dataset
        self._places = places.astype(np.min_scalar_type(len(dataset)))

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._places)

    @property
    def labels(self) -> NDArray[Any] | None:
        """Those of its examples; see Dataset.labels."""
        labels = self._dataset.labels
        return None if labels is None else labels[self._places]

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """Those of its examples; see Dataset.lengths."""
        lengths = self._dataset.lengths
        return None if lengths is None else lengths[self._places]

    def file_of(self, index: int) -> str | None:
        """That of the example in the whole data set; see Dataset.file_of."""
        return self._dataset.file_of(int(self._places[index]))

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Read the examples at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        self._dataset.read(self._at(indices), images, labels)

    def _at(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._places[indices].astype(np.int64)

    def fingerprints(self, indices: NDArray[np.int64]) -> Iterator[bytes]:
        """What tells the examples at `indices`; see Dataset.fingerprints."""
        return self._dataset.fingerprints(self._at(indices))

    def read_crops(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any], boxes: Crops) -> None:
        """Read parts of the examples at `indices`; see Dataset.read_crops."""
        check_read(self, indices, images, labels)
        self._dataset.read_crops(self._at(indices), images, labels, boxes)


def take(dataset: Dataset, limit: int | None) -> Dataset:
    """The first `limit` examples, all of them where there are fewer or `limit` is None; DataError below 1."""
    if limit is None:
        return dataset
    if limit < 1:
        raise DataError(f"limit is {limit}, must be 1 or more (or leave it out for all {len(dataset):,} examples)")
    return dataset if limit >= len(dataset) else Subset(dataset, np.arange(limit, dtype=np.int64))
