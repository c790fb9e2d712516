"""floats_of_bytes: the bytes of a data set as floats of a range, for networks whose input is f32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut import fields
from linocut.data.dataset import Dataset, check_read
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _AsFloats(Dataset):
    """The examples of `source`, f32 in [low, high]; converted as they are read, a batch at a time."""

    dtype = "f32"

    def __init__(self, source: Dataset, low: float, high: float) -> None:
        self.name, self.shape, self.classes, self.targets = source.name, source.shape, source.classes, source.targets
        self.handed, self.resizing, self.notes, self.form = source.handed, source.resizing, source.notes, source.form
        self._source = source
        self._values = np.linspace(low, high, 256).astype(np.float32)  # of each byte

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._source)

    @property
    def labels(self) -> NDArray[Any] | None:
        """Those of the source."""
        return self._source.labels

    def file_of(self, index: int) -> str | None:
        """That of the source."""
        return self._source.file_of(index)

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Write examples (n, *shape) and their labels; DataError as the source's."""
        check_read(self, indices, images, labels)
        stored = np.empty(images.shape, np.uint8)
        self._source.read(indices, stored, labels)
        np.take(self._values, stored, out=images)


def as_floats(dataset: Dataset, low: float = 0.0, high: float = 1.0) -> Dataset:
    """A data set of bytes 0 to 255 as floats from `low` to `high`, converted as they are read.

    Its network takes `Input(dataset.shape, "f32", low, high)`; one of bytes reads them as -1 to 1. DataError for a data
    set that is no bytes, and for a range that does not rise.
    """
    if dataset.dtype != "u8":
        raise DataError(f"{dataset.name} has values of type {dataset.dtype}, must be u8; it is floats already")
    if not fields.number(low, "low") < fields.number(high, "high"):
        raise DataError(f"the range is {low:g} to {high:g}, must rise, such as 0 to 1")
    return _AsFloats(dataset, float(low), float(high))
