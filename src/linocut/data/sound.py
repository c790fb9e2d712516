"""open_sounds: a folder of recordings as sequences of log-mel features, in bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.coded import dataset_of, renewed
from linocut.data.coding import Coding
from linocut.data.dataset import Dataset
from linocut.data.form import SOUND, Form
from linocut.data.log_mel import LogMel
from linocut.data.recordings import Recordings, find_recordings
from linocut.data.wav import read_header, read_wav
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART = 0.9  # of the recordings that are trained on are no longer than an example


def open_sounds(root: Path, form: Form | None = None, test_speaker: str | None = None) -> tuple[Dataset, Dataset]:
    """The training and the test data below `root` (see recordings.py), (frames, mels) each, held in memory.

    An example has as many frames as nine in ten of the recordings to train on; longer ones lose both ends. A `form` is
    that of a trained network. `test_speaker` is as find_recordings has it. DataError for what does not fit.
    """
    found = find_recordings(root, test_speaker, form.test_speaker if form else None)
    form = _form(found) if form is None else renewed(form, [one.label for one in found.train], str(root))
    form = replace(form, test_speaker=test_speaker or form.test_speaker)
    sets = [
        dataset_of(_codes([one.path for one in part], form), [one.label for one in part], form, str(root))
        for part in (found.train, found.test)
    ]
    for one in sets:
        one.notes = found.notes
    return sets[0], sets[1]


def read_sound(path: Path, form: Form) -> NDArray[np.uint8]:
    """A recording as one example (1, frames, mels), for a network of this form."""
    return _codes([path], form)


def _form(found: Recordings) -> Form:
    """What the recordings to train on decide: length, classes, and the range of each band."""
    paths = [one.path for one in found.train]
    features = _chosen(paths)
    coding = Coding.over(_features(path, features) for path in paths)
    return Form(SOUND, classes=found.classes, coding=coding, sound=features)


def _chosen(paths: list[Path]) -> LogMel:
    """The features for recordings to train on; DataError where their rates differ."""
    headers = [read_header(path) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        if header.rate != headers[0].rate:
            raise other_rate(path, header.rate, headers[0].rate)
    features = LogMel.at(headers[0].rate)
    lengths = sorted(features.frames_of(header.frames) for header in headers)
    return replace(features, frames=lengths[min(len(lengths) - 1, int(PART * len(lengths)))])


def _codes(paths: list[Path], form: Form) -> NDArray[np.uint8]:
    """Recordings (n, frames, mels), one after the other: features in floats would take four times as much memory."""
    if form.sound is None or form.coding is None:
        raise DataError(f"{paths[0]} is a recording, the network was trained on {form}; give it such a file")
    out = np.empty((len(paths), *form.sound.shape), np.uint8)
    for row, path in zip(out, paths, strict=True):
        row[...] = form.coding.codes(_features(path, form.sound))
    return out


def _features(path: Path, features: LogMel) -> NDArray[np.float32]:
    """Those of a recording; DataError where it is of another rate."""
    rate, samples = read_wav(path)
    if rate != features.rate:
        raise other_rate(path, rate, features.rate)
    return features.of(samples)


def other_rate(path: Path, rate: int, wanted: int) -> DataError:
    """For a recording of another rate than the network was trained on."""
    return DataError(
        f"{path} has {rate:,} samples a second, must have {wanted:,}; convert it: ffmpeg -i IN -ar {wanted} OUT.wav"
    )
