"""Form: how the numbers in a file become examples; kept with a run, so that predicting reads as training did."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.data.coding import Coding
from linocut.data.log_mel import LogMel
from linocut.data.scaling import Scaling
from linocut.errors import SpecError
from linocut.networks.classifier import CLASSIFICATION, TASKS

TABLE, ARRAYS, SOUND = "table", "arrays", "sound"
KINDS = (TABLE, ARRAYS, SOUND)


@dataclass(frozen=True)
class Form:
    """What was decided by the training data; SpecError for what contradicts itself.

    `columns` are those of a table that are features, in order, `labels` those that are to be predicted; `classes` are
    the values of the label, in the order of class numbers. Features are coded by `coding` (None: they are bytes), the
    targets of a regression are learned as `scaling` says. `sound` is what is seen of a recording.
    """

    kind: str
    task: str = CLASSIFICATION
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    coding: Coding | None = None
    scaling: Scaling | None = None
    sound: LogMel | None = None

    def __post_init__(self) -> None:
        """SpecError for recordings without features, or the other way round."""
        if (self.kind == SOUND) != (self.sound is not None):
            raise SpecError(f"a form of kind {self.kind} has features of sound {self.sound}, must have them of sound")

    def to_dict(self) -> dict[str, Any]:
        """All of it, for a file."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(data: object) -> Form:
        """What `to_dict` gave, through JSON; SpecError for anything else."""
        about = fields.described(data, Form, "form")
        coding, scaling, sound = about["coding"], about["scaling"], about["sound"]
        return Form(
            fields.one_of(about["kind"], "the kind of a form", KINDS),
            fields.one_of(about["task"], "the task of a form", TASKS),
            fields.texts(about["columns"], "form columns"),
            fields.texts(about["labels"], "form labels"),
            fields.texts(about["classes"], "form classes"),
            None if coding is None else Coding.from_dict(coding),
            None if scaling is None else Scaling.from_dict(scaling),
            None if sound is None else LogMel.from_dict(sound),
        )

    def __str__(self) -> str:
        """In a few words, for people."""
        if self.sound is not None:
            of = self.sound
            return f"recordings in {of.frames} frames of {of.mels} log-mel bands, {of.frames * of.hop / of.rate:.2f} s"
        what = ", ".join(self.labels) or "what is in y"
        features = f"{len(self.columns):,} columns" if self.columns else "arrays"
        return f"{self.task} of {what} by {features}"
