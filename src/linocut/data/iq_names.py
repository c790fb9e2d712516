"""Which files and folders hold I/Q samples, by what they are called."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIXES = (".cs16", ".sc16", ".cf32", ".fc32")
RADIOML = "RML2016.10a_dict.pkl"


def is_iq(name: str) -> bool:
    """Whether a file is called as one of interleaved samples is."""
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def is_radioml(path: str | os.PathLike[str]) -> bool:
    """Whether a path is called as RadioML's dictionary is: its name ends in .pkl."""
    return Path(path).suffix.lower() == Path(RADIOML).suffix


def iq_folders(path: Path) -> list[str]:
    """The names of the folders of a folder that hold files of samples, in order."""
    try:
        with os.scandir(path) as found:
            folders = sorted(item.name for item in found if item.is_dir() and not item.name.startswith("."))
        return [name for name in folders if any(is_iq(item) for item in os.listdir(path / name))]
    except OSError:
        return []


def holds_iq(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of class folders of samples, or a file of RadioML's."""
    return (is_radioml(path) and os.path.isfile(path)) or (os.path.isdir(path) and bool(iq_folders(Path(path))))
