"""Recordings by name: the Free Spoken Digit Dataset, digit by digit and in strings; how folders of them are opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from linocut.data.sound_names import holds_recordings
from linocut.data.tasks import LABELS
from linocut.errors import DataError, unknown_name

if TYPE_CHECKING:
    from linocut.data.dataset import Dataset
    from linocut.data.form import Form

LOG_MEL, MFCC, FILTERBANK = "log_mel", "mfcc", "filterbank"
FEATURES = (LOG_MEL, MFCC, FILTERBANK)
DIGITS, STRINGS = "fsdd", "fsdd-strings"
RECORDED = (DIGITS, STRINGS)
RECORDED_FOLDERS = ("fsdd", "free-spoken-digit-dataset")
DESCRIBED = {
    DIGITS: "spoken digits, recordings of 8,000 samples a second, 10 classes, 2,700 + 300",
    STRINGS: "fsdd joined to strings of 3 to 7 digits, whose labels are 19 phones",
}
RECORDED_LICENCE = "CC BY-SA 4.0"
RECORDED_HOME = "https://github.com/Jakobovski/free-spoken-digit-dataset"


def holds_sounds(path: Path) -> bool:
    """Whether a folder holds recordings, as find_recordings or TIMIT has them."""
    if holds_recordings(path):
        return True
    from linocut.data.timit import holds_timit  # late, as all that other data sets do not need

    return holds_timit(path)


def open_recordings(
    path: Path, features: str | None, form: Form | None, test_speaker: str | None = None
) -> tuple[Dataset, Dataset]:
    """A folder of recordings as examples of the `features`, by default bytes of one length; or of a network's form.

    Of TIMIT's folders utterances, by default as filterbank values, whose labels are phones. `test_speaker` is as
    find_recordings has it. DataError for what does not fit.
    """
    from linocut.data.timit import holds_timit, open_timit

    if (form is None or form.task == LABELS) and holds_timit(path):
        if test_speaker is not None:
            raise DataError(
                f"test_speaker is {test_speaker!r}, but TIMIT's speakers to test on are in {path}/TEST, others than "
                "those of TRAIN; leave it out"
            )
        return open_timit(path, _kind(features or (None if form is not None else FILTERBANK), form), form)
    kind = _kind(features, form)
    if kind == LOG_MEL:
        from linocut.data.sound import open_sounds

        return open_sounds(path, form, test_speaker)
    from linocut.data.speech import open_speech

    return open_speech(path, kind, form, test_speaker)


def open_recorded(
    name: str, folder: Path, features: str | None, form: Form | None, test_speaker: str | None = None
) -> tuple[Dataset, Dataset]:
    """A data set of RECORDED, whose recordings lie in a folder; by default sequences of cepstra."""
    wanted = features or (None if form is not None else MFCC)
    if name == DIGITS:
        train, test = open_recordings(folder, wanted, form, test_speaker)
    else:
        from linocut.data.digit_strings import open_strings

        train, test = open_strings(folder, _kind(wanted, form), form, test_speaker)
    for one in (train, test):
        one.name = name
    return train, test


def _kind(features: str | None, form: Form | None) -> str:
    """Which features; DataError for unknown ones."""
    if form is not None and form.speech is not None:
        return MFCC if form.speech.cepstra else FILTERBANK
    wanted = features or LOG_MEL
    if wanted not in FEATURES:
        raise unknown_name("features", wanted, FEATURES)
    return wanted
