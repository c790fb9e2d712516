"""headline: the one figure by which networks of a task are told apart."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.data.dataset import Dataset
from linocut.run.best_path import reads_labels
from linocut.run.label_errors import label_errors
from linocut.run.predict import Predictor

ACCURACY, ERROR_RATE, LOSS = "accuracy", "error_rate", "loss"


@dataclass(frozen=True)
class Headline:
    """Accuracy of classes, error rate of labels of sequences (0 to 1 and more), or else the loss."""

    what: str
    value: float

    @property
    def merit(self) -> float:
        """What is larger the better it is."""
        return self.value if self.what == ACCURACY else -self.value

    def __str__(self) -> str:
        """For people."""
        return f"{self.value:.4g}" if self.what == LOSS else f"{self.value:.2%}"


def headline(predictor: Predictor, dataset: Dataset) -> Headline:
    """That of a network on a data set; DataError for one that does not fit."""
    if reads_labels(predictor.graph):
        return Headline(ERROR_RATE, label_errors(predictor, dataset).rate)
    found = predictor.evaluate(dataset)
    return Headline(LOSS, found.loss) if found.accuracy is None else Headline(ACCURACY, found.accuracy)
