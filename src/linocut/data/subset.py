"""take: the first examples of a data set, for quick trials (`--limit N`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Crops, Dataset, check_read
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Subset(Dataset):
    """The first `count` examples of `dataset`, read through it."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        """Keep the data set and the count, 1 to len(dataset); `take` checks it."""
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
        self._dataset = dataset
        self._count = count

    def __len__(self) -> int:
        """How many examples there are."""
        return self._count

    @property
    def labels(self) -> NDArray[Any] | None:
        """Those of its examples; see Dataset.labels."""
        labels = self._dataset.labels
        return None if labels is None else labels[: self._count]

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Read the examples at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        self._dataset.read(indices, images, labels)

    def read_crops(
        self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32], boxes: Crops
    ) -> None:
        """Read parts of the examples at `indices`; see Dataset.read_crops."""
        check_read(self, indices, images, labels)
        self._dataset.read_crops(indices, images, labels, boxes)


def take(dataset: Dataset, limit: int | None) -> Dataset:
    """The first `limit` examples, all of them where there are fewer or `limit` is None; DataError below 1."""
    if limit is None:
        return dataset
    if limit < 1:
        raise DataError(f"limit is {limit}, must be 1 or more (or leave it out for all {len(dataset):,} examples)")
    return dataset if limit >= len(dataset) else Subset(dataset, limit)
