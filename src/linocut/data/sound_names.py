"""Which files and folders are recordings, by what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".wav"
DEEPEST = 2  # train, and a class in it


def is_recording(name: str) -> bool:
    """Whether a file is called as a recording is."""
    return name.lower().endswith(SUFFIX) and not name.startswith(".")


def holds_recordings(folder: Path) -> bool:
    """Whether there are recordings in a folder, or as the first files in the folders below it."""
    return any(_first_files(folder, DEEPEST))


def _first_files(folder: Path, deep: int) -> Iterator[bool]:
    try:
        with os.scandir(folder) as found:
            inner = sorted((item.name, item.is_dir()) for item in found if not item.name.startswith("."))
    except OSError:
        return
    files = [name for name, is_folder in inner if not is_folder]
    if any(is_recording(name) for name in files):
        yield True
    elif deep and not files:
        for name, is_folder in inner:
            if is_folder:
                yield from _first_files(folder / name, deep - 1)
