"""Which paths are files of numbers, by what they are called."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.files import expanded

TABLES, ARRAYS = (".csv", ".tsv"), (".npz",)
TRAIN, TEST = "train", "test"


def is_called_numbers(name: str | os.PathLike[str]) -> bool:
    """Whether a path is called as a CSV or .npz file is."""
    return Path(name).suffix.lower() in (*TABLES, *ARRAYS)


def holds_numbers(name: str | os.PathLike[str]) -> bool:
    """Whether a path is called so, or is a folder with train.csv and test.csv."""
    path = expanded(name)
    return bool(os.fspath(name)) and (
        (is_called_numbers(path) and not os.path.isdir(path)) or table_folder(path) is not None
    )


def table_folder(path: Path) -> tuple[Path, Path] | None:
    """The tables to train and to test on in a folder, None where it does not hold both."""
    for suffix in TABLES:
        train, test = path / f"{TRAIN}{suffix}", path / f"{TEST}{suffix}"
        if os.path.isfile(train) and os.path.isfile(test):
            return train, test
    return None
