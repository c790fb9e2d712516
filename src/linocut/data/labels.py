"""labels_of: the class of every example, whether a data set has them at hand or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import NUMPY_DTYPES, Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 256  # examples that are read together for their labels


def labels_of(dataset: Dataset) -> NDArray[np.int32]:
    """The class numbers (n,); where there are targets, 0 for all."""
    if dataset.targets:
        return np.zeros(len(dataset), np.int32)
    if dataset.labels is not None:
        return np.asarray(dataset.labels, np.int32)
    labels = np.empty(len(dataset), np.int32)
    images: NDArray[Any] = np.empty((AT_ONCE, *dataset.shape), NUMPY_DTYPES[dataset.dtype])
    for begin in range(0, len(dataset), AT_ONCE):
        some = labels[begin : begin + AT_ONCE]
        dataset.read(np.arange(begin, begin + len(some), dtype=np.int64), images[: len(some)], some)
    return labels
