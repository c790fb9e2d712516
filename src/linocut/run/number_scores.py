"""number_scores: how well a network tells numbers or labels, target by target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import NUMPY_DTYPES, Dataset, truth_form
from linocut.data.form import Form
from linocut.networks.classifier import MULTILABEL
from linocut.run.predict import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 256


@dataclass(frozen=True)
class NumberScore:
    """Of one target, in its units: mean squared error, mean absolute error, and the share of the variance explained.

    `r2` is 1 less the squared error by that of the mean of what is tested on; None where that does not vary.
    """

    target: str
    mse: float
    mae: float
    r2: float | None


@dataclass(frozen=True)
class LabelScore:
    """Of one label: the part of right answers; of those told and of those true the part that is both; their F1.

    `examples` have the label. None where nothing is told, or nothing true.
    """

    label: str
    accuracy: float
    precision: float | None
    recall: float | None
    f1: float | None
    examples: int


def number_scores(predictor: Predictor, dataset: Dataset, form: Form) -> list[NumberScore] | list[LabelScore]:
    """The score of each target of a data set whose `form` is of numbers or of labels."""
    outputs, truth = predictor.predict(dataset).outputs.astype(np.float64), _truth(dataset)
    names = form.labels
    if form.task == MULTILABEL:
        return [_label(*one) for one in zip(names, (outputs >= 0).T, (truth >= 0.5).T, strict=True)]
    if form.scaling is not None:
        truth = form.scaling.in_units(truth).astype(np.float64)
    return [_number(*one) for one in zip(names, outputs.T, truth.T, strict=True)]


def _truth(dataset: Dataset) -> NDArray[Any]:
    """All targets (n, targets)."""
    return np.concatenate(list(_parts(dataset)))


def _parts(dataset: Dataset) -> Iterator[NDArray[Any]]:
    for begin in range(0, len(dataset), AT_ONCE):
        indices = np.arange(begin, min(begin + AT_ONCE, len(dataset)), dtype=np.int64)
        truth = np.empty(*truth_form(dataset, len(indices)))
        dataset.read(indices, np.empty((len(indices), *dataset.shape), NUMPY_DTYPES[dataset.dtype]), truth)
        yield truth


def _number(name: str, found: NDArray[Any], truth: NDArray[Any]) -> NumberScore:
    error, variance = found - truth, float(np.mean((truth - truth.mean()) ** 2))
    mse = float(np.mean(error**2))
    return NumberScore(name, mse, float(np.abs(error).mean()), 1 - mse / variance if variance > 0 else None)


def _label(name: str, found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> LabelScore:
    both, told, true = int((found & truth).sum()), int(found.sum()), int(truth.sum())
    return LabelScore(
        name,
        float((found == truth).mean()),
        both / told if told else None,
        both / true if true else None,
        2 * both / (told + true) if told + true else None,
        true,
    )
