"""labels_of: the class of every example, whether a data set has them at hand or not; truth_of: its targets too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import NUMPY_DTYPES, Dataset, truth_form

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 256  # examples that are read together for their labels


def labels_of(dataset: Dataset) -> NDArray[np.int32]:
    """The class numbers (n,); where there are targets, 0 for all."""
    if dataset.targets:
        return np.zeros(len(dataset), np.int32)
    return truth_of(dataset)


def truth_of(dataset: Dataset) -> NDArray[Any]:
    """The class numbers (n,), or the targets (n, targets), of all examples."""
    if dataset.labels is not None:
        return np.asarray(dataset.labels, np.int32)
    truth: NDArray[Any] = np.empty(*truth_form(dataset, len(dataset)))
    images: NDArray[Any] = np.empty((AT_ONCE, *dataset.shape), NUMPY_DTYPES[dataset.dtype])
    for begin in range(0, len(dataset), AT_ONCE):
        some = truth[begin : begin + AT_ONCE]
        dataset.read(np.arange(begin, begin + len(some), dtype=np.int64), images[: len(some)], some)
    return truth
