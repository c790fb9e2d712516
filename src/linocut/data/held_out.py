"""hold_out: some training examples of every class, kept apart to validate on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linocut import fields
from linocut.data import pcg64
from linocut.data.dataset import Dataset
from linocut.data.labels import labels_of
from linocut.data.subset import Subset
from linocut.errors import DataError, SpecError
from linocut.settings_of import as_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAM = 1  # beside the seed: orders of epochs are drawn from [seed, epoch], these from [seed, 0, STREAM]


class Left(Subset):
    """What is left to train on, known by the whole that it is a part of."""

    @property
    def whole(self) -> Dataset:
        """What it was split from."""
        return self._dataset


class HeldOut(Left):
    """What was held out: about the part `fraction` of `of` examples."""

    def __init__(self, dataset: Dataset, places: NDArray[np.int64], fraction: float) -> None:
        """Keep them; see Subset."""
        super().__init__(dataset, places)
        self.fraction, self.of = fraction, len(dataset)


def find_fraction(given: Any) -> float:
    """A part of the training data, as it was given; SpecError for what is none."""
    fraction = as_plain(given)
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise SpecError(
            f"validation is {fields.shown(given)}, must be a part of the training data above 0 and below 1, such as 0.1"
        )
    return float(fraction)


def hold_out(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, HeldOut]:
    """What is left to train on, and what is held out: the same examples for the same seed, on every machine.

    Of a class of n examples round(fraction n) are held out, but 1 at least and n - 1 at most: the only example of a
    class stays in training. Targets have no classes: of n examples as many. Both parts keep the order of the data set.
    DataError where nothing could be held out.
    """
    fraction = find_fraction(fraction)
    classes = labels_of(dataset)
    held = np.zeros(len(dataset), np.bool_)
    # Sorted by class, and within it by random numbers; the sort is stable, so that equal ones do no harm.
    order = np.lexsort((pcg64.raw([seed, 0, STREAM], len(dataset)), classes))
    begin = 0
    for count in np.bincount(classes).tolist():
        held[order[begin : begin + _part(count, fraction)]] = True
        begin += count
    if not held.any():
        raise DataError(
            f"validation is {fraction:g} of {dataset.name}, but no class of its {len(dataset):,} examples has two: all "
            "stay in training; add examples, or give validation data of their own"
        )
    left, kept = (np.flatnonzero(which).astype(np.int64, copy=False) for which in (~held, held))
    return Left(dataset, left), HeldOut(dataset, kept, fraction)


def _part(count: int, fraction: float) -> int:
    return min(max(1, int(fraction * count + 0.5)), count - 1) if count else 0
