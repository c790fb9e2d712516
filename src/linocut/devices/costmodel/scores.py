"""How good predicted times are: accuracy, rank correlation, and the law on totals that a cost model has to beat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from linocut.ops.bits import Array


@dataclass(frozen=True)
class Score:
    """Of one device: accuracy, 1 - the mean of |error| / time; Spearman's rank correlation; examples it is over."""

    device: str
    accuracy: float
    spearman: float
    examples: int


def scores(devices: tuple[str, ...], predicted: Array, ms: Array) -> tuple[Score, ...]:
    """A score for each column of predicted and true milliseconds, (cells, devices) both."""
    return tuple(
        Score(
            name,
            float(1 - np.mean(np.abs(predicted[:, column] / ms[:, column] - 1))),
            spearman(predicted[:, column], ms[:, column]),
            len(ms),
        )
        for column, name in enumerate(devices)
    )


def spearman(a: Array, b: Array) -> float:
    """The correlation of the ranks of (n,) numbers with those of (n,) others; equal ones share their mean rank.

    NaN where all of one are equal: there is none.
    """
    x, y = (ranks - ranks.mean() for ranks in (_ranks(a), _ranks(b)))
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size else math.nan


def _ranks(values: Array) -> Array:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: Array = (ends - (counts - 1) / 2)[which]
    return mean


@dataclass(frozen=True)
class LinearLaw:
    """ms = a + b parameters + c MACs, of each device: the law that needs two counts alone. `weights` (3, devices)."""

    weights: Array

    @staticmethod
    def fit(parameters: Array, macs: Array, ms: Array) -> LinearLaw:
        """Least squares over networks of (cells,) parameters and MACs that take (cells, devices) ms."""
        return LinearLaw(np.linalg.lstsq(_counts(parameters, macs), ms, rcond=None)[0])

    def predict(self, parameters: Array, macs: Array) -> Array:
        """Milliseconds of networks of (cells,) parameters and MACs: (cells, devices)."""
        return _counts(parameters, macs) @ self.weights


def _counts(parameters: Array, macs: Array) -> Array:
    return np.stack([np.ones(len(macs)), parameters / 1e6, macs / 1e9], axis=1)
