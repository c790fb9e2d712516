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
    """The tables to train and to test on in a folder, None where it does not hold both, or folders beside them."""
    if not os.path.isdir(path) or _holds_folders(path):
        return None
    for suffix in TABLES:
        train, test = path / f"{TRAIN}{suffix}", path / f"{TEST}{suffix}"
        if os.path.isfile(train) and os.path.isfile(test):
            return train, test
    return None


def _holds_folders(path: Path) -> bool:
    """As folders of pictures do, whose tables say what these show."""
    try:
        with os.scandir(path) as found:
            return any(item.is_dir() and not item.name.startswith(".") for item in found)
    except OSError:
        return True
