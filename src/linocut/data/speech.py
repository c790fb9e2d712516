"""open_speech: a folder of recordings as sequences of speech features, of their own lengths, filled up with zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset
from linocut.data.form import SOUND, Form
from linocut.data.recordings import find_recordings
from linocut.data.scaling import Scaling
from linocut.data.sound import other_rate
from linocut.data.speech_features import SpeechFeatures
from linocut.data.sphere import is_sphere, read_sphere
from linocut.data.truths import class_numbers
from linocut.data.wav import read_header, read_wav
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART = 0.99  # of the recordings that are trained on are no longer than an example


def open_speech(
    root: Path, kind: str, form: Form | None = None, test_speaker: str | None = None
) -> tuple[Dataset, Dataset]:
    """The training and the test data below `root` (see recordings.py), (frames, features) each, held in memory.

    `kind` is that of the features, as SpeechFeatures.at has it. An example has as many frames as 99 in 100 of the
    recordings to train on; longer ones lose their end. Each feature is normalised by its mean and standard deviation
    over all frames of the training data. A `form` is that of a trained network, `test_speaker` as find_recordings has
    it. DataError for what does not fit.
    """
    found = find_recordings(root, test_speaker, form.test_speaker if form else None)
    if form is None:
        paths = [one.path for one in found.train]
        features = chosen(paths, kind)
        sequences = [sequence_of(path, features) for path in paths]
        form = Form(SOUND, classes=found.classes, speech=features, normal=normal_of(sequences))
    elif not form.classes:  # of a training that begins from the network: its classes may be others
        form = replace(form, classes=found.classes)
    form = replace(form, test_speaker=test_speaker or form.test_speaker)
    sets = []
    for part in (found.train, found.test):
        paths, names = [one.path for one in part], [one.label for one in part]
        sets.append(_dataset(paths, names, form, str(root)))
        sets[-1].notes = (*found.notes, *_cut(paths, features_of(form)))
    return sets[0], sets[1]


def read_speech(path: Path, form: Form) -> NDArray[np.float32]:
    """A recording as one example (1, frames, features), for a network of this form."""
    return padded([sequence_of(path, features_of(form))], form)


def features_of(form: Form) -> SpeechFeatures:
    """Those of a form of speech."""
    assert form.speech is not None, "a form of sequences of speech"
    return form.speech


def chosen(paths: Sequence[Path], kind: str) -> SpeechFeatures:
    """The features for recordings to train on; DataError where their rates differ."""
    headers = [read_header(path) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        if header.rate != headers[0].rate:
            raise other_rate(path, header.rate, headers[0].rate)
    features = SpeechFeatures.at(headers[0].rate, kind)
    lengths = sorted(features.frames_of(header.frames) for header in headers)
    return replace(features, frames=max(1, lengths[min(len(lengths) - 1, int(PART * len(lengths)))]))


def sequence_of(path: Path, features: SpeechFeatures) -> NDArray[np.float64]:
    """The features of a recording; DataError where it is of another rate, or shorter than a frame."""
    rate, samples = read_sphere(path) if is_sphere(path) else read_wav(path)
    if rate != features.rate:
        raise other_rate(path, rate, features.rate)
    return features_within(samples, features, str(path))


def features_within(samples: NDArray[np.float32], features: SpeechFeatures, name: str) -> NDArray[np.float64]:
    """The features of samples; DataError for fewer than a frame has."""
    if len(samples) < features.frame:
        raise DataError(
            f"{name} has {len(samples):,} samples, a frame takes {features.frame:,}: it would be empty; leave it out"
        )
    return features.of(samples)


def normal_of(sequences: Sequence[NDArray[np.float64]]) -> Scaling:
    """Mean and standard deviation of each feature over all frames."""
    return Scaling.of(np.concatenate(sequences))


def padded(sequences: Sequence[NDArray[np.float64]], form: Form) -> NDArray[np.float32]:
    """Sequences (n, frames, features), normalised, zeros behind the end of each."""
    assert form.normal is not None, "a form of sequences of speech"
    out = np.zeros((len(sequences), *features_of(form).shape), np.float32)
    for row, sequence in zip(out, sequences, strict=True):
        row[: len(sequence)] = form.normal.scaled(sequence)
    return out


def _dataset(paths: Sequence[Path], names: Sequence[str], form: Form, name: str) -> ArrayDataset:
    sequences = [sequence_of(path, features_of(form)) for path in paths]
    images = padded(sequences, form)
    labels = class_numbers(list(names), form.classes, name)
    dataset = ArrayDataset(images, labels, form.classes, name, shape=images.shape[1:])
    dataset.form, dataset.handed = form, True
    return dataset.with_lengths([len(one) for one in sequences])


def cut_of(path: Path, form: Form) -> str | None:
    """A line on a recording that is longer than an example; None where it is not."""
    features = features_of(form)
    count = len(read_sphere(path)[1]) if is_sphere(path) else read_header(path).frames
    frames = features.frames_of(count)
    if frames <= features.frames:
        return None
    return f"{path} has {frames:,} frames, of which the network hears the first {features.frames:,}"


def _cut(paths: Sequence[Path], features: SpeechFeatures) -> tuple[str, ...]:
    """A line on recordings that are longer than an example."""
    longer = sum(features.frames_of(read_header(path).frames) > features.frames for path in paths)
    if not longer:
        return ()
    seconds = (features.frame + (features.frames - 1) * features.hop) / features.rate
    return (f"{longer:,} of {len(paths):,} recordings are longer than {seconds:.2f} s: their ends are left out",)
