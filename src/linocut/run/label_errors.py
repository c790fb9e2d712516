"""label_errors: what a network reads in the sequences of a data set, beside their labels."""

from __future__ import annotations

import numpy as np

from linocut.data.dataset import Dataset, truth_form
from linocut.run.label_count import LabelCount, LabelErrors
from linocut.run.predict import Predictor

AT_ONCE = 64  # sequences


def label_errors(predictor: Predictor, dataset: Dataset) -> LabelErrors:
    """Those of the best path of each sequence of a data set, whose labels are (n, labels), -1 behind the last.

    Of TIMIT's 61 phones on both sides they are folded to 39 first.
    """
    count = LabelCount(dataset.classes)
    for begin in range(0, len(dataset), AT_ONCE):
        rows = np.arange(begin, min(begin + AT_ONCE, len(dataset)), dtype=np.int64)
        images = np.empty((len(rows), *dataset.shape), np.float32)
        truth = np.empty(*truth_form(dataset, len(rows)))
        dataset.read(rows, images, truth)
        count.add(predictor.predict(images).outputs, images, truth)
    return count.errors
