"""Form: how the numbers in a file become examples; kept with a run, so that predicting reads as training did."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.data.coding import Coding
from linocut.data.log_mel import LogMel
from linocut.data.scaling import Scaling
from linocut.data.speech_features import SpeechFeatures
from linocut.data.tasks import LABELS
from linocut.errors import SpecError
from linocut.networks.classifier import CLASSIFICATION, TASKS

TABLE, ARRAYS, SOUND = "table", "arrays", "sound"
SINCE = ("speech", "normal", "test_speaker")  # fields that older files do not have
KINDS = (TABLE, ARRAYS, SOUND)


@dataclass(frozen=True)
class Form:
    """What was decided by the training data; SpecError for what contradicts itself.

    `columns` are those of a table that are features, in order, `labels` those that are to be predicted; `classes` are
    the values of the label, in the order of class numbers. Features are coded by `coding` (None: they are bytes), the
    targets of a regression are learned as `scaling` says. `sound` is what is seen of a recording, or `speech` where it
    is a sequence of its own length, whose features `normal` normalises. `test_speaker` is the one whose recordings are
    for testing, where that is how they were parted.
    """

    kind: str
    task: str = CLASSIFICATION
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    coding: Coding | None = None
    scaling: Scaling | None = None
    sound: LogMel | None = None
    speech: SpeechFeatures | None = None
    normal: Scaling | None = None
    test_speaker: str | None = None

    def __post_init__(self) -> None:
        """SpecError for recordings without features, or the other way round."""
        seen = (self.sound is not None) + (self.speech is not None)
        if (self.kind == SOUND) != (seen == 1) or seen > 1:
            raise SpecError(f"a form of kind {self.kind} has features of sound {self.sound}, must have them of sound")
        if (self.speech is None) != (self.normal is None):
            raise SpecError("a form has features of speech and what normalises them, or neither")

    def to_dict(self) -> dict[str, Any]:
        """All of it, for a file."""
        found = dataclasses.asdict(self)
        return {name: value for name, value in found.items() if name not in SINCE or value is not None}

    @staticmethod
    def from_dict(data: object) -> Form:
        """What `to_dict` gave, through JSON; SpecError for anything else."""
        about = fields.described({**dict.fromkeys(SINCE), **fields.mapping(data, "a form")}, Form, "form")
        coding, scaling, sound = about["coding"], about["scaling"], about["sound"]
        return Form(
            fields.one_of(about["kind"], "the kind of a form", KINDS),
            fields.one_of(about["task"], "the task of a form", (*TASKS, LABELS)),
            fields.texts(about["columns"], "form columns"),
            fields.texts(about["labels"], "form labels"),
            fields.texts(about["classes"], "form classes"),
            None if coding is None else Coding.from_dict(coding),
            None if scaling is None else Scaling.from_dict(scaling),
            None if sound is None else LogMel.from_dict(sound),
            None if about["speech"] is None else SpeechFeatures.from_dict(about["speech"]),
            None if about["normal"] is None else Scaling.from_dict(about["normal"]),
            None if about["test_speaker"] is None else fields.text(about["test_speaker"], "the test speaker of a form"),
        )

    def __str__(self) -> str:
        """In a few words, for people."""
        if self.speech is not None:
            seen = self.speech
            what = "cepstra" if seen.cepstra else "filterbank values"
            return f"recordings in up to {seen.frames} frames of {seen.cepstra or seen.mels} {what} and differences"
        if self.sound is not None:
            of = self.sound
            return f"recordings in {of.frames} frames of {of.mels} log-mel bands, {of.frames * of.hop / of.rate:.2f} s"
        what = ", ".join(self.labels) or "what is in y"
        features = f"{len(self.columns):,} columns" if self.columns else "arrays"
        return f"{self.task} of {what} by {features}"
