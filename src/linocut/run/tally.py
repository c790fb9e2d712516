"""Tally: what is counted over the batches of an evaluation, in memory that examples do not add to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Dataset
from linocut.errors import DataError, SpecError
from linocut.graph.inference import InferenceGraph
from linocut.layers.losses.base import PATHS, SIGMOID
from linocut.run.assessment import Assessment, ClassScore, Mistake
from linocut.run.predictions import Evaluation
from linocut.run.probabilities import chosen, probabilities, ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP = 5  # the k of top-k, where there are more classes
MOST_CROSSED = 2048  # classes of which all pairs are counted: 32 MiB


class Tally(ABC):
    """What is counted of one kind of network."""

    @abstractmethod
    def add(self, outputs: NDArray[np.float32], truth: NDArray[Any]) -> None:
        """Count outputs (n, outputs), beside the labels or targets of the same examples."""

    @abstractmethod
    def assessment(self, scored: Evaluation, names: Sequence[str], dataset: Dataset) -> Assessment:
        """What was counted over all of a data set, whose loss and accuracy these are."""


class OneClass(Tally):
    """Each example has one class; `errors` is how many mistakes to keep."""

    def __init__(self, classes: int, function: str, errors: int) -> None:
        """Nothing counted yet."""
        self._function, self._errors = function, errors
        self._right, self._taken, self._support = (np.zeros(classes, np.int64) for _ in range(3))
        self._crossed = np.zeros((classes, classes), np.int64) if classes <= MOST_CROSSED else None
        self._top = TOP if classes > TOP else 0
        self._within = self._seen = 0
        self._mistakes: list[
            tuple[float, int, int, int]
        ] = []  # probability, negated; example; true and predicted class

    def add(self, outputs: NDArray[np.float32], truth: NDArray[Any]) -> None:
        """Count them; of a single sigmoid a target of 1/2 or more is class 1."""
        labels = (truth if truth.ndim == 1 else truth[:, 0] >= 0.5).astype(np.int64)
        found, classes = chosen(outputs, self._function), len(self._support)
        _check(labels, classes)
        self._support += np.bincount(labels, minlength=classes)
        self._taken += np.bincount(found, minlength=classes)
        self._right += np.bincount(labels[labels == found], minlength=classes)
        if self._crossed is not None:
            np.add.at(self._crossed, (labels, found), 1)
        if self._top:
            self._within += int(np.count_nonzero(ranks(outputs, labels) < self._top))
        if self._errors:
            self._keep(outputs, labels, found)
        self._seen += len(labels)

    def _keep(self, outputs: NDArray[np.float32], labels: NDArray[np.int64], found: NDArray[np.int64]) -> None:
        wrong = np.flatnonzero(labels != found)
        sure = probabilities(outputs[wrong], self._function)[np.arange(len(wrong)), found[wrong]]
        new = zip(
            (-sure).tolist(), (wrong + self._seen).tolist(), labels[wrong].tolist(), found[wrong].tolist(), strict=True
        )
        self._mistakes = sorted([*self._mistakes, *new])[: self._errors]

    def assessment(self, scored: Evaluation, names: Sequence[str], dataset: Dataset) -> Assessment:
        """See Tally."""
        mistakes = tuple(
            Mistake(index, dataset.file_of(index), names[true], names[predicted], -sure)
            for sure, index, true, predicted in self._mistakes
        )
        top_k = {self._top: self._within / self._seen} if self._top else {}
        scores = _scores(names, self._right, self._taken, self._support)
        return Assessment(scored.accuracy, scored.loss, scored.examples, top_k, scores, self._crossed, mistakes)


class AnyLabels(Tally):
    """Each example has any of several labels, one sigmoid each: said where it is 1/2 or more, as the target is."""

    def __init__(self, labels: int) -> None:
        """Nothing counted yet."""
        self._right, self._taken, self._support = (np.zeros(labels, np.int64) for _ in range(3))

    def add(self, outputs: NDArray[np.float32], truth: NDArray[Any]) -> None:
        """Count them."""
        said, has = outputs >= 0, truth >= 0.5
        self._right += np.count_nonzero(said & has, axis=0)
        self._taken += np.count_nonzero(said, axis=0)
        self._support += np.count_nonzero(has, axis=0)

    def assessment(self, scored: Evaluation, names: Sequence[str], dataset: Dataset) -> Assessment:
        """See Tally; no example has a class of its own that another could be taken for."""
        scores = _scores(names, self._right, self._taken, self._support)
        return Assessment(scored.accuracy, scored.loss, scored.examples, {}, scores, None, ())


class Numbers(Tally):
    """Outputs are numbers: there is nothing to count."""

    def add(self, outputs: NDArray[np.float32], truth: NDArray[Any]) -> None:
        """Nothing."""

    def assessment(self, scored: Evaluation, names: Sequence[str], dataset: Dataset) -> Assessment:
        """The loss."""
        return Assessment(scored.accuracy, scored.loss, scored.examples, {}, (), None, ())


def tally_of(graph: InferenceGraph, errors: int) -> Tally:
    """An empty one for a network's outputs; SpecError for mistakes where no example has one class."""
    function, several = graph.logits.function, graph.logits.function == SIGMOID and graph.outputs > 1
    if graph.classes and not several:
        return OneClass(graph.classes, function, errors)
    if errors:
        what = "gives numbers"
        if several or function == PATHS:
            what = "gives each example several labels" if several else "reads labels of sequences"
        raise SpecError(f"network {graph.name} {what}: none is taken for another class; leave errors out")
    return AnyLabels(graph.outputs) if several else Numbers()


def _check(labels: NDArray[np.int64], classes: int) -> None:
    """DataError for a label of no class, as a data set of the caller's may have."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise DataError(f"the label of an example is {wrong[0]}, must be 0 to {classes - 1}; mend the data set")


def _scores(
    names: Sequence[str], right: NDArray[np.int64], taken: NDArray[np.int64], support: NDArray[np.int64]
) -> tuple[ClassScore, ...]:
    counts = zip(names, right.tolist(), taken.tolist(), support.tolist(), strict=True)
    return tuple(ClassScore.of(*row) for row in counts)
