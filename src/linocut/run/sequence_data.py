"""check_sequences: examples that are sequences, looked at one by one before they are trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linocut.data.dataset import Dataset, truth_form
from linocut.data.label_paths import check_path
from linocut.errors import DataError
from linocut.layers.losses.base import PATHS
from linocut.ops.sequences import ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linocut.graph.graph import Graph

AT_ONCE = 256  # examples


def check_sequences(dataset: Dataset, graph: Graph, *, own_lengths: bool) -> None:
    """DataError for an empty sequence, and of CTC for labels that there are not or that no path of its steps reads as.

    With `own_lengths` sequences end with their last step that is not all zeros, else all are as long as the input.
    """
    paths = graph.loss.function == PATHS
    for begin in range(0, len(dataset), AT_ONCE):
        places = np.arange(begin, min(begin + AT_ONCE, len(dataset)), dtype=np.int64)
        examples = np.empty((len(places), *dataset.shape), np.float32)
        truth = np.empty(*truth_form(dataset, len(places)))
        dataset.read(places, examples, truth)
        lengths = ends(examples) if own_lengths else np.full(len(places), graph.input.shape[0])
        for place, length, labels in zip(places.tolist(), lengths.tolist(), truth, strict=True):
            name = f"{dataset.name}: example {place:,}"
            if not length:
                raise DataError(f"{name} is an empty sequence, as all its steps are zeros; leave it out")
            if paths:
                check_labels(labels, length, graph.outputs - 1, name)


def check_labels(labels: NDArray[np.float32], steps: int, classes: int, name: str) -> None:
    """DataError unless labels (labels,) are 0 to `classes` - 1, -1 behind the last, and fit into so many steps."""
    counted = int((labels != -1).sum())
    own = labels[:counted]
    wrong = np.flatnonzero((own != np.rint(own)) | (own < 0) | (own >= classes))
    if len(wrong):
        at = int(wrong[0])
        blank = ", as the last class is the blank" if own[at] == classes else ""
        raise DataError(
            f"{name}: label {at} is {own[at]:g}, must be 0 to {classes - 1}{blank}, and -1 behind the last label only; "
            "mend it, or leave the example out"
        )
    numbers = own.astype(int).tolist()
    check_path(numbers, steps, name)
