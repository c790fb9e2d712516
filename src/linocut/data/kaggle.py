"""Kaggle's CIFAR-10: a folder `train` of 1.png, 2.png and so on, and `trainLabels.csv`, which says what each shows.

The pictures of its `test` have no labels, and most are none of CIFAR-10: they are left out, and one training picture in
five, by its name, is kept for testing. Source: https://www.kaggle.com/c/cifar-10/data.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

from linocut.data.cifar10 import CLASSES
from linocut.data.disk import AGAIN, open_readonly
from linocut.data.folder import Entry, FolderDataset, is_for_testing
from linocut.data.resizing import WHOLE
from linocut.data.scan import items
from linocut.data.soundness import look_at, refusal
from linocut.errors import DataError

TABLE, PICTURES = "trainLabels.csv", "train"  # registry.py knows the first too
HEADER = ["id", "label"]
MOST = 1 << 24  # bytes of the table, which has 588,910
SHAPE = (32, 32, 3)


def open_splits(folder: Path) -> tuple[FolderDataset, FolderDataset]:
    """The training and the test data, u8 (32, 32, 3); DataError for a table or pictures that will not do."""
    labels = _table(folder / TABLE)
    if not os.path.isdir(folder / PICTURES):
        raise DataError(f"{folder} holds {TABLE} but no folder {PICTURES}; unpack train.7z there")
    there = {item.name for item in items(folder / PICTURES)}
    entries = [Entry(f"{number}.png", label) for number, label in labels.items()]
    lacking = [entry.path for entry in entries if entry.path not in there]
    if lacking:
        raise DataError(
            f"{folder / PICTURES} lacks {len(lacking):,} pictures that {TABLE} names, such as {lacking[0]}; "
            "unpack all of train.7z there"
        )
    _check(folder / PICTURES, entries)
    notes = [f"{folder}: one picture in five is kept for testing, as those of Kaggle's test folder have no labels"]
    if more := len(there) - len(entries):
        notes.append(f"left out {more:,} files of {folder / PICTURES} that {TABLE} does not name")
    train = [entry for entry in entries if not is_for_testing(entry.path)]
    test = [entry for entry in entries if is_for_testing(entry.path)]
    if not train or not test:
        raise DataError(f"{folder / TABLE} names {len(entries):,} pictures, too few to test on one in five; {AGAIN}")

    def opened(some: list[Entry]) -> FolderDataset:
        root = folder / PICTURES
        return FolderDataset(str(folder), root, some, SHAPE, CLASSES, WHOLE, sizes_differ=False, notes=tuple(notes))

    return opened(train), opened(test)


def _check(root: Path, entries: list[Entry]) -> None:
    """DataError for a picture that cannot be read, or of another size."""
    found = look_at(root, [entry.path for entry in entries], whole=False)
    if found.errors:
        raise refusal(found.errors, len(entries), skippable=False)
    other = (found.shapes[:, :2] != SHAPE[:2]).any(axis=1)
    if other.any():
        number = int(other.argmax())
        height, width, _ = found.shapes[number].tolist()
        raise DataError(f"{root / entries[number].path} is {height} x {width} pixels, must be 32 x 32; {AGAIN}")


def _table(path: Path) -> dict[str, int]:
    """The class numbers of the pictures, by their numbers, which are plain digits: no name in the table is a path."""
    with open(open_readonly(path), newline="", encoding="ascii", errors="replace") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST:
            raise DataError(f"{path} is {size:,} B, must be {MOST:,} or less; {AGAIN}")
        try:
            rows = list(csv.reader(file, strict=True))
        except csv.Error as error:
            raise DataError(f"{path} is no table of {' and '.join(HEADER)} ({error}); {AGAIN}") from None
    if not rows or rows[0] != HEADER:
        raise DataError(f"{path} does not begin with {','.join(HEADER)}; {AGAIN}")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != 2 or not row[0].isdigit() or len(row[0]) > 9 or row[1] not in CLASSES:
            raise DataError(
                f"{path}: line {line:,} is {','.join(row)[:40]!r}, must be a number and one of {', '.join(CLASSES)}; "
                f"{AGAIN}"
            )
    twice = next((number for number, count in Counter(row[0] for row in rows[1:]).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{path} names picture {twice} more than once; {AGAIN}")
    return {number: CLASSES.index(label) for number, label in rows[1:]}
