"""Which layers deserve bits: principal components of what layers give (arXiv 1906.01493).

A layer's outputs are vectors of its channels, one for each pixel of each image. How many principal components explain
nearly all of their variance says how many directions they take; a layer at which that number rises adds something to
those before it, and is significant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linocut.errors import DataError, SpecError
from linocut.fields import number
from linocut.ops.bits import Array

THRESHOLD, RISE = 0.99, 2


class Covariance:
    """Mean and covariance of vectors (channels,) that come a few at a time, in double precision."""

    def __init__(self, channels: int) -> None:
        """Of none yet."""
        self.count = 0
        self._mean = np.zeros(channels)
        self._scatter = np.zeros((channels, channels))

    def add(self, rows: Array) -> None:
        """Take vectors (..., channels) in (Chan, Golub & LeVeque, 1979)."""
        given = np.asarray(rows, np.float64).reshape(-1, len(self._mean))
        if not len(given):
            return
        mean = given.mean(axis=0)
        apart = given - mean
        step, total = mean - self._mean, self.count + len(given)
        self._scatter += apart.T @ apart + np.outer(step, step) * (self.count * len(given) / total)
        self._mean += step * (len(given) / total)
        self.count = total

    @property
    def matrix(self) -> Array:
        """The covariance (channels, channels), by the count less one; DataError for fewer vectors than two."""
        if self.count < 2:
            raise DataError(f"a covariance is of {self.count} vectors, must be of 2 or more; give more examples")
        found: Array = self._scatter / (self.count - 1)
        return found


def explained(covariance: Array) -> Array:
    """The parts of the variance that the first, first two, ... components explain: (c, c) to (c,), rising to 1.

    Where nothing varies the first explains all.
    """
    values = np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)
    total = values.sum()
    found: Array = np.cumsum(values) / total if total > 0 else np.ones(len(values))
    return found


def components(cumulative: Array, threshold: float = THRESHOLD) -> int:
    """How many of the `explained` parts are at most the threshold, as the authors count; SpecError for no fraction."""
    return int((np.asarray(cumulative) <= check_threshold(threshold)).sum())


def significant(counts: Sequence[int], rise: int = RISE) -> tuple[bool, ...]:
    """Whether the count of each layer is above that of the one before it by `rise` or more; never of the first."""
    check_rise(rise)
    return tuple(at > 0 and counts[at] - counts[at - 1] >= rise for at in range(len(counts)))


def check_threshold(threshold: float) -> float:
    """SpecError for what is no part of a variance."""
    if not 0 < number(threshold, "threshold") < 1:
        raise SpecError(f"threshold is {threshold}, must be a part of the variance above 0 and below 1, such as 0.99")
    return threshold


def check_rise(rise: int) -> int:
    """SpecError for what is no number of components."""
    if isinstance(rise, bool) or not isinstance(rise, int) or rise < 1:
        raise SpecError(f"rise is {rise!r}, must be a whole number of components, 1 or more")
    return rise
