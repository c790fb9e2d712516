"""Choosing: what of a run is decided by validation data: the epoch whose model is kept, and when to stop.

The test data decide nothing: beside validation data they are looked at once, at the end, by the model that is kept.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.data.dataset import Dataset
from linocut.data.held_out import HeldOut
from linocut.errors import RunError, SpecError
from linocut.run.predictions import Evaluation
from linocut.settings_of import as_plain
from linocut.train.data_facts import DataFacts

BEST, LAST = "best", "last"


@dataclass(frozen=True)
class Validation:
    """What a run is validated on; with a `fraction`, it was held out of so many training examples, `of`."""

    data: DataFacts
    fraction: float | None = None
    of: int | None = None

    @staticmethod
    def on(dataset: Dataset) -> Validation:
        """Of the examples to validate on."""
        held = (dataset.fraction, dataset.of) if isinstance(dataset, HeldOut) else (None, None)
        return Validation(DataFacts.of(dataset), *held)

    def agrees(self, other: Validation) -> bool:
        """Whether both are of one data set, as far as both say."""
        return (self.fraction, self.of) == (other.fraction, other.of) and not self.data.changes(other.data)

    def __str__(self) -> str:
        """For people."""
        held = "" if self.fraction is None else f"{self.fraction:g} of the training data, "
        return f"{held}{self.data}"

    @staticmethod
    def from_dict(given: object) -> Validation:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        data = fields.described(given, Validation, "validation")
        fraction = fields.number_or_none(data["fraction"], "validation fraction")
        of = None if data["of"] is None else fields.whole(data["of"], "validation of", 2)
        return Validation(DataFacts.from_dict(data["data"]), fraction, of)


@dataclass(frozen=True)
class Choosing:
    """`keep`: which model is kept, "best" or "last"; `patience`: how many without a better end training."""

    validation: Validation | None = None
    keep: str = LAST
    patience: int | None = None

    def __post_init__(self) -> None:
        """SpecError for what cannot be."""
        fields.one_of(self.keep, "keep", (BEST, LAST))
        if self.patience is not None:
            fields.whole(self.patience, "patience", 1)
        if self.validation is None and (self.keep == BEST or self.patience is not None):
            what = f"keep is {BEST!r}" if self.keep == BEST else f"patience is {self.patience}"
            raise SpecError(
                f"{what}, but there are no validation data to tell which epoch is better; hold some out of the "
                "training data (validation=0.1, --validation 0.1), or give the data set a folder val"
            )

    def of(self, validation: Dataset | None, keep: Any, patience: Any, *, begun: bool) -> Choosing:
        """What a call of `fit` makes of it: what it leaves out stays as the run has it, and otherwise is the default.

        RunError where a run that has begun is given others; its patience may be another.
        """
        keep, patience = as_plain(keep), as_plain(patience)
        on = None if validation is None else Validation.on(validation)
        if begun:
            self._check_same(on, keep)
        if keep is None:
            keep = self.keep if begun or self.validation else BEST if on else LAST
        return Choosing(on, keep, self.patience if patience is None else patience)

    def _check_same(self, on: Validation | None, keep: str | None) -> None:
        own = self.validation
        if (own is None) != (on is None) or (own is not None and on is not None and not own.agrees(on)):
            raise RunError(
                f"the run is validated on {own or 'nothing'}, not on {on or 'nothing'}; give it the same, or begin "
                "another run"
            )
        if keep not in (None, self.keep):
            raise RunError(f"the run keeps the model of its {self.keep} epoch, not {keep!r}; leave keep out")

    def to_dict(self) -> dict[str, Any]:
        """All of it, for a file."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(given: object) -> Choosing:
        """What `to_dict` wrote; SpecError for anything else."""
        data = fields.described(given, Choosing, "choosing")
        validation = None if data["validation"] is None else Validation.from_dict(data["validation"])
        return Choosing(validation, fields.text(data["keep"], "keep"), data["patience"])


@dataclass(frozen=True)
class Best:
    """The best epoch so far (from 1), and what it came to on the validation data."""

    epoch: int
    loss: float
    accuracy: float | None

    @staticmethod
    def from_dict(given: object) -> Best:
        """What `dataclasses.asdict` gave, through JSON; SpecError for anything else."""
        data = fields.described(given, Best, "best")
        accuracy = fields.number_or_none(data["accuracy"], "best accuracy")
        return Best(fields.whole(data["epoch"], "best epoch", 1), fields.number(data["loss"], "best loss"), accuracy)


def better(best: Best | None, epoch: int, found: Evaluation) -> Best | None:
    """The best epoch after one that came to `found`: by accuracy, then by loss, then the earlier one.

    A regression has no accuracy. A loss that is no finite number is no better than any.
    """
    if not math.isfinite(found.loss):
        return best
    score = -math.inf if found.accuracy is None else found.accuracy, -found.loss
    if best is not None and score <= (-math.inf if best.accuracy is None else best.accuracy, -best.loss):
        return best
    return Best(epoch, found.loss, found.accuracy)
