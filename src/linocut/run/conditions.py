"""by_condition: how often a network is right under each of the conditions that examples came about under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from linocut.data.dataset import Dataset
    from linocut.run.predict import Predictor


@dataclass(frozen=True)
class ConditionScore:
    """Of the examples of one `value`, such as a signal-to-noise ratio: the fraction that is right, and how many."""

    value: float
    accuracy: float
    examples: int


def by_condition(predictor: Predictor, dataset: Dataset) -> tuple[str, tuple[ConditionScore, ...]]:
    """What the conditions of a data set are, and the score of each, from the least; nothing where it has none."""
    if dataset.conditions is None or not predictor.graph.classes:
        return "", ()
    what, values = dataset.conditions
    labels = dataset.labels
    if labels is None:
        return "", ()
    right = predictor.predict(dataset).classes == labels
    scores = []
    for value in np.unique(values):
        some = right[values == value]
        scores.append(ConditionScore(float(value), float(some.mean()), len(some)))
    return what, tuple(scores)
