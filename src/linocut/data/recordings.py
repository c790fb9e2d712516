"""find_recordings: the WAV files of a folder, their classes, and which are for testing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linocut.data.folder import is_for_testing
from linocut.data.scan import folders, is_file, items
from linocut.data.sound_names import is_recording
from linocut.data.splits import find_splits
from linocut.errors import DataError

SPOKEN_DIGITS = re.compile(r"\d_[^_]+_(\d+)\.wav")  # of the Free Spoken Digit Dataset
TESTED_DIGITS = 5  # of each digit and speaker, as its authors part it


@dataclass(frozen=True)
class Recordings:
    """The files to train and to test on, each with its class, and all classes in order."""

    train: list[tuple[Path, str]]
    test: list[tuple[Path, str]]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def find_recordings(root: Path) -> Recordings:
    """Of class folders, in `train` and `test` or not, or of files that are called CLASS_anything.wav.

    Where there is no folder to test on, a hash of a file's path picks about one in five, the same on every machine; of
    the Free Spoken Digit Dataset (DIGIT_SPEAKER_NUMBER.wav) it is numbers 0 to 4. DataError for fewer than two classes.
    """
    flat = _flat(root)
    notes: tuple[str, ...] = ()
    if flat:
        train, test = _parted(flat)
    else:
        splits = find_splits(root)
        train, notes = _of_classes(splits.train), splits.notes
        if splits.test is None:
            train, test = _parted(train)
        else:
            test = _of_classes(splits.test)
    classes = tuple(sorted({name for _, name in train}))
    if len(classes) < 2:
        raise DataError(
            f"{root} holds recordings of {', '.join(classes) or 'no class'}, must hold those of two or more"
        )
    if not test:
        raise DataError(
            f"{root} holds too few recordings to test on; add some, or put them into train and test folders"
        )
    for path, name in test:
        if name not in classes:
            raise DataError(f"{path} is of class {name}, of which there is nothing to train on; leave it out")
    return Recordings(train, test, classes, notes)


def _flat(root: Path) -> list[tuple[Path, str]]:
    """Files called CLASS_anything.wav in a folder, or in `recordings` in it."""
    for folder in (root, root / "recordings"):
        if os.path.isdir(folder):
            names = sorted(item.name for item in items(folder) if is_recording(item.name) and is_file(item))
            found = [(folder / name, name.partition("_")[0]) for name in names if "_" in name]
            if found:
                return found
    return []


def _of_classes(root: Path) -> list[tuple[Path, str]]:
    return [(path, name) for name in folders(root) for path in _below(root / name)]


def _below(folder: Path) -> Iterator[Path]:
    for place, inner, names in os.walk(folder):
        inner.sort()
        yield from (Path(place) / name for name in sorted(names) if is_recording(name))


def _parted(found: list[tuple[Path, str]]) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """To train and to test on."""
    digits = [SPOKEN_DIGITS.fullmatch(path.name) for path, _ in found]
    if all(digits):
        testing = [match is not None and int(match.group(1)) < TESTED_DIGITS for match in digits]
    else:
        testing = [is_for_testing(f"{name}/{path.name}") for path, name in found]
    return (
        [one for one, tested in zip(found, testing, strict=True) if not tested],
        [one for one, tested in zip(found, testing, strict=True) if tested],
    )
