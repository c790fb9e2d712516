"""open_strings: strings of spoken digits, whose labels are their phones, made of recordings of single ones.

Each is of 3 to 7 recordings of one speaker, one after another, each followed by 50 to 150 ms of its own quietest 10 ms,
again and again. The recordings of a speaker are dealt in an order that a seed decides, all of them twice; strings to
test on are made of recordings to test on alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data import pcg64, phones
from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset
from linocut.data.form import SOUND, Form
from linocut.data.label_paths import check_path
from linocut.data.recordings import SPOKEN_DIGITS, find_recordings
from linocut.data.sound import other_rate
from linocut.data.speech import chosen, features_of, features_within, normal_of, padded
from linocut.data.tasks import LABELS
from linocut.data.wav import read_wav
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST, MOST = 3, 7  # digits of a string
MOST_LABELS = MOST * phones.LONGEST
SHORTEST, LONGEST = 0.05, 0.15  # seconds between digits
QUIET = 0.01
PASSES, SEED = 2, 0


@dataclass(frozen=True)
class DigitString:
    """The digits of a string, and its samples (n,)."""

    digits: str
    samples: NDArray[np.float32]


def open_strings(
    root: Path, kind: str, form: Form | None = None, test_speaker: str | None = None
) -> tuple[Dataset, Dataset]:
    """Training and test strings of the Free Spoken Digit Dataset below `root`: (frames, features), 19 phones as labels.

    `kind` is that of the features, as SpeechFeatures.at has it; a `form` is that of a trained network, `test_speaker`
    as find_recordings has it. DataError for other recordings, and for what does not fit.
    """
    if form is not None and (form.classes not in ((), phones.PHONES) or (form.classes and form.task != LABELS)):
        raise DataError(
            f"{root}: strings of digits have {len(phones.PHONES)} phones as labels, the network was trained on "
            "others, or on classes; give what it was trained on"
        )
    found = find_recordings(root, test_speaker, form.test_speaker if form else None)
    paths = [[one.path for one in part] for part in (found.train, found.test)]
    for path in (*paths[0], *paths[1]):
        if SPOKEN_DIGITS.fullmatch(path.name) is None:
            raise DataError(f"{path} is not called DIGIT_SPEAKER_NUMBER.wav, as the Free Spoken Digit Dataset is")
    rate = chosen(paths[0], kind).rate if form is None else features_of(form).rate
    parts = [list(strings_of(some, rate, SEED + number)) for number, some in enumerate(paths)]
    if form is None:
        features = chosen(paths[0], kind)
        frames = max(features.frames_of(len(one.samples)) for part in parts for one in part)
        features = replace(features, frames=frames)
        normal = normal_of([features.of(one.samples) for one in parts[0]])
        form = Form(SOUND, LABELS, classes=phones.PHONES, speech=features, normal=normal)
    form = replace(form, task=LABELS, classes=phones.PHONES, test_speaker=test_speaker or form.test_speaker)
    train, test = (_dataset(part, form, str(root)) for part in parts)
    train.notes = test.notes = found.notes
    return train, test


def strings_of(paths: Sequence[Path], rate: int, seed: int) -> Iterator[DigitString]:
    """Strings of recordings called DIGIT_SPEAKER_NUMBER.wav, speaker by speaker."""
    speakers: dict[str, list[Path]] = {}
    for path in paths:
        speakers.setdefault(path.name.split("_")[1], []).append(path)
    for number, speaker in enumerate(sorted(speakers)):
        own = sorted(speakers[speaker], key=lambda path: path.name)
        draws = iter(pcg64.raw([seed, number], 4 * PASSES * len(own)).tolist())
        order: list[Path] = []
        for _ in range(PASSES):
            order += [path for _, path in sorted((next(draws), path) for path in own)]
        while len(order) >= FEWEST:
            count = FEWEST + int(next(draws)) % (MOST - FEWEST + 1)
            some, order = order[:count], order[count:]
            yield _joined(some, [int(next(draws)) for _ in some], rate)


def _joined(paths: Sequence[Path], draws: Sequence[int], rate: int) -> DigitString:
    pieces = []
    for path, draw in zip(paths, draws, strict=True):
        own, samples = read_wav(path)
        if own != rate:
            raise other_rate(path, own, rate)
        shortest, longest = round(SHORTEST * rate), round(LONGEST * rate)
        pieces += [samples, _quiet(samples, shortest + draw % (longest - shortest + 1), rate)]
    return DigitString("".join(path.name[0] for path in paths), np.concatenate(pieces))


def _quiet(samples: NDArray[np.float32], count: int, rate: int) -> NDArray[np.float32]:
    """So many samples of the quietest part of a recording."""
    length = max(1, round(QUIET * rate))
    if len(samples) < length:
        return np.zeros(count, np.float32)
    pieces = samples[: len(samples) // length * length].reshape(-1, length)
    quietest = pieces[np.square(pieces.astype(np.float64)).sum(axis=1).argmin()]
    return np.resize(quietest, count)


def _dataset(strings: Sequence[DigitString], form: Form, name: str) -> ArrayDataset:
    features = features_of(form)
    sequences = [features_within(one.samples, features, f"{name}: string {one.digits}") for one in strings]
    labels = np.full((len(strings), MOST_LABELS), -1.0, np.float32)
    for row, one, sequence in zip(labels, strings, sequences, strict=True):
        numbers = phones.numbers_of(one.digits)
        check_path(numbers, len(sequence), f"{name}: string {one.digits}")
        row[: len(numbers)] = numbers
    images = padded(sequences, form)
    dataset = ArrayDataset(images, labels, form.classes, name, shape=images.shape[1:], numbers=True)
    dataset.form, dataset.handed = form, True
    return dataset.with_lengths([len(one) for one in sequences])
