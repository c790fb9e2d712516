"""find_recordings: the WAV files of a folder, their classes and speakers, and which are for testing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from linocut.data.folder import is_for_testing
from linocut.data.scan import folders, is_file, items
from linocut.data.sound_names import is_recording
from linocut.data.splits import find_splits
from linocut.errors import DataError, unknown_name

SPOKEN_DIGITS = re.compile(r"\d_[^_]+_(\d+)\.wav")  # of the Free Spoken Digit Dataset
TESTED_DIGITS = 5  # of each digit and speaker, as its authors part it


class Recording(NamedTuple):
    """A file, its class, and who speaks in it, None where names do not say it."""

    path: Path
    label: str
    speaker: str | None


@dataclass(frozen=True)
class Recordings:
    """The files to train and to test on, and all classes in order."""

    train: list[Recording]
    test: list[Recording]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def find_recordings(root: Path, test_speaker: str | None = None, run_speaker: str | None = None) -> Recordings:
    """Of class folders, in `train` and `test` or not, or of files that are called CLASS_anything.wav.

    Where there is no folder to test on, a hash of a file's path picks about one in five, the same on every machine; of
    the Free Spoken Digit Dataset (DIGIT_SPEAKER_NUMBER.wav) it is numbers 0 to 4. With a `test_speaker` all of theirs
    are for testing, and all others to train on, in whichever folders they are; with a `run_speaker`, that of a trained
    network, too, where there are any of theirs. Speakers are read from names: CLASS_SPEAKER_anything.wav, or in class
    folders SPEAKER_anything.wav or SPEAKER/anything.wav. DataError for fewer than two classes, and for a test speaker
    of whom there is nothing.
    """
    train, test, notes = _found(root)
    speaker = _speaker([*train, *test], root, test_speaker, run_speaker)
    if speaker is not None:
        everyone = [*train, *test]
        train = [one for one in everyone if one.speaker != speaker]
        test = [one for one in everyone if one.speaker == speaker]
        notes = (*notes, f"tests on speaker {speaker} alone, of whom there is nothing among what is trained on")
        if not train:
            raise DataError(f"{root} holds recordings of {speaker} alone, must hold those of others to train on")
    classes = tuple(sorted({one.label for one in train}))
    if len(classes) < 2:
        raise DataError(
            f"{root} holds recordings of {', '.join(classes) or 'no class'}, must hold those of two or more"
        )
    if not test:
        raise DataError(
            f"{root} holds too few recordings to test on; add some, or put them into train and test folders"
        )
    for one in test:
        if one.label not in classes:
            raise DataError(f"{one.path} is of class {one.label}, of which there is nothing to train on; leave it out")
    return Recordings(train, test, classes, notes)


def _found(root: Path) -> tuple[list[Recording], list[Recording], tuple[str, ...]]:
    """To train and to test on as folders and names part them, and lines on what was left out."""
    flat = _flat(root)
    if flat:
        return *_parted(flat), ()
    splits = find_splits(root)
    train = _of_classes(splits.train)
    if splits.test is None:
        return *_parted(train), splits.notes
    return train, _of_classes(splits.test), splits.notes


def _speaker(found: list[Recording], root: Path, asked: str | None, of_run: str | None) -> str | None:
    """Whose recordings are for testing, None where that is not by speaker; DataError for an unknown one asked for."""
    speakers = sorted({one.speaker for one in found if one.speaker is not None})
    if asked is None:
        return of_run if of_run in speakers else None
    if not speakers:
        raise DataError(
            f"test_speaker is {asked!r}, but no name in {root} says who speaks; call files CLASS_SPEAKER_NUMBER.wav, "
            "or in class folders SPEAKER_NUMBER.wav or SPEAKER/NUMBER.wav"
        )
    if asked not in speakers:
        raise DataError(str(unknown_name(f"speaker in {root}", asked, speakers)))
    return asked


def _flat(root: Path) -> list[Recording]:
    """Files called CLASS_anything.wav in a folder, or in `recordings` in it."""
    for folder in (root, root / "recordings"):
        if os.path.isdir(folder):
            names = sorted(item.name for item in items(folder) if is_recording(item.name) and is_file(item))
            found = [_called(folder / name) for name in names if "_" in name]
            if found:
                return found
    return []


def _called(path: Path) -> Recording:
    """A file called CLASS_SPEAKER_anything.wav, or CLASS_anything.wav."""
    label, *others = path.stem.split("_")
    return Recording(path, label, others[0] if len(others) > 1 and others[0] else None)


def _of_classes(root: Path) -> list[Recording]:
    return [
        Recording(path, name, _in_class(path.relative_to(root / name)))
        for name in folders(root)
        for path in _below(root / name)
    ]


def _in_class(path: Path) -> str | None:
    """The speaker of a file in a class folder: SPEAKER/anything.wav or SPEAKER_anything.wav."""
    if len(path.parts) > 1:
        return path.parts[0]
    return path.stem.partition("_")[0] or None if "_" in path.stem else None


def _below(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        inner.sort()
        yield from (Path(place) / name for name in sorted(names) if is_recording(name))


def _parted(found: list[Recording]) -> tuple[list[Recording], list[Recording]]:
    """To train and to test on."""
    digits = [SPOKEN_DIGITS.fullmatch(one.path.name) for one in found]
    testing = [match is not None and int(match.group(1)) < TESTED_DIGITS for match in digits]
    if all(testing) or not all(digits):
        testing = [is_for_testing(f"{one.label}/{one.path.name}") for one in found]
    return (
        [one for one, tested in zip(found, testing, strict=True) if not tested],
        [one for one, tested in zip(found, testing, strict=True) if tested],
    )
