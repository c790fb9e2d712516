"""Which files and folders are recordings, by what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

SUFFIX = ".wav"
DEEPEST = 2  # train, and a class in it
LOOKED_AT = 3  # folders


def is_recording(name: str) -> bool:
    """Whether a file is called as a recording is."""
    return name.lower().endswith(SUFFIX) and not name.startswith(".")


def holds_recordings(folder: Path) -> bool:
    """Whether there are recordings in a folder, or in the first folders below it that hold files."""
    return any(islice(_with_files(folder, DEEPEST), LOOKED_AT))


def _with_files(folder: Path, deep: int) -> Iterator[bool]:
    """Of each folder that holds files, whether there are recordings among them."""
    try:
        with os.scandir(folder) as found:
            inner = sorted((item.name, item.is_dir()) for item in found if not item.name.startswith("."))
    except OSError:
        return
    files = [name for name, is_folder in inner if not is_folder]
    recordings = any(is_recording(name) for name in files)
    if recordings or (files and deep < DEEPEST):
        yield recordings
    elif deep:
        for name, is_folder in inner:
            if is_folder:
                yield from _with_files(folder / name, deep - 1)
