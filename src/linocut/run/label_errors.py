"""label_errors: what a network reads in sequences, beside their labels: edit distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from linocut.data import timit
from linocut.data.dataset import Dataset, truth_form
from linocut.run.best_path import labels_of
from linocut.run.predict import Predictor

AT_ONCE = 64  # sequences


@dataclass(frozen=True)
class LabelErrors:
    """Over some sequences: labels inserted, left out and put in the place of others, and how many there are."""

    distance: int
    labels: int
    sequences: int
    right: int  # sequences without an error

    @property
    def rate(self) -> float:
        """Errors a label: of phones the phone error rate."""
        return self.distance / max(1, self.labels)


def label_errors(predictor: Predictor, dataset: Dataset) -> LabelErrors:
    """Those of the best path of each sequence of a data set, whose labels are (n, labels), -1 behind the last.

    Of TIMIT's 61 phones on both sides they are folded to 39 first.
    """
    fold = folding(dataset.classes)
    distance = labels = right = 0
    for begin in range(0, len(dataset), AT_ONCE):
        rows = np.arange(begin, min(begin + AT_ONCE, len(dataset)), dtype=np.int64)
        images = np.empty((len(rows), *dataset.shape), np.float32)
        truth = np.empty(*truth_form(dataset, len(rows)))
        dataset.read(rows, images, truth)
        outputs = predictor.predict(images).outputs
        for found, own in zip(labels_of(outputs, images), truth, strict=True):
            wanted = fold(own[own >= 0].astype(int).tolist())
            wrong = edit_distance(fold(found), wanted)
            distance, labels, right = distance + wrong, labels + len(wanted), right + (wrong == 0)
    return LabelErrors(distance, labels, len(dataset), right)


def folding(classes: Sequence[str]) -> Callable[[list[int]], list[int]]:
    """What classes count as: themselves, or of TIMIT's phones those of 39, without the glottal stop."""
    if tuple(classes) != timit.PHONES:
        return lambda labels: labels
    names = [timit.FOLDED.get(name, name) for name in classes]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return lambda labels: [numbers[names[one]] for one in labels if names[one] is not None]


def edit_distance(found: Sequence[int], wanted: Sequence[int]) -> int:
    """The fewest insertions, deletions and substitutions between them (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for at, one in enumerate(found, start=1):
        before, row[0] = row[0], at
        for place, other in enumerate(wanted, start=1):
            before, row[place] = row[place], min(before + (one != other), row[place] + 1, row[place - 1] + 1)
    return row[-1]
