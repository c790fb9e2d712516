"""balanced_weights: a weight for each class, by which all classes count alike in a loss."""

from __future__ import annotations

import numpy as np

from linocut.data.dataset import Dataset
from linocut.errors import DataError


def balanced_weights(train: Dataset) -> tuple[float, ...]:
    """Of each class of the training data examples / (classes * examples of the class), 1 where it has none.

    For `SoftmaxCrossEntropy(class_weights=...)`. DataError where there are no classes, or the labels are not at hand.
    """
    labels = train.labels
    if train.targets or labels is None:
        why = "its examples have numbers, not classes" if train.targets else "its labels are not at hand"
        raise DataError(f"the classes of {train.name} cannot be balanced: {why}; give weights, or leave them out")
    counts = np.bincount(labels, minlength=len(train.classes)).tolist()
    return tuple(len(labels) / (len(counts) * count) if count else 1.0 for count in counts)
