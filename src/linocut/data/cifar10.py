"""CIFAR-10: its binary and its Python version, each as folder or as downloaded archive, read from disk.

A record of the binary version is 1 byte of label and 3,072 of pixels (channel, row, column). Everything else is
turned into such files in the cache, once. Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from linocut.data.archive import Member, extract
from linocut.data.cache import converted
from linocut.data.dataset import Dataset
from linocut.data.disk import AGAIN, fill, open_readonly
from linocut.data.records import Block, RecordDataset
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (32, 32, 3)
PIXELS = math.prod(SHAPE)  # bytes
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
BATCHES = (*TRAIN, "test_batch")
BINARY, PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"  # the folders in the archives
ARCHIVES = {"cifar-10-binary.tar.gz": BINARY, "cifar-10-python.tar.gz": PYTHON}
RECORD = 1 + PIXELS  # bytes
BATCH = 10_000  # records of a published file
PICKLE_EXTRA = 2_000_000  # bytes of a batch in Python's version for names and labels; the published ones take 0.3 MB
CHUNK = 256  # records looked at together


def missing(folder: Path) -> list[str]:
    """Which files of the version that lacks least `folder` does not have; an archive is all of them.

    They may also lie in the folder of the archive's own name below it.
    """
    if any((folder / archive).is_file() for archive in ARCHIVES):
        return []
    return min((_lacking(home, end) for home in _homes(folder) for end in (".bin", "")), key=len)


def open_splits(folder: Path, name: str = "cifar10", cache: Path | None = None) -> tuple[Dataset, Dataset]:
    """The training and the test data in `folder`, u8 (32, 32, 3); the binary version where there are several.

    All labels are read here (1 B an example is kept) and every file is checked to be whole: DataError names
    what is wrong, MachineError where the cache cannot be written.
    """
    files, shown = _binary(folder, cache)
    return _opened(files, shown, TRAIN, name), _opened(files, shown, ("test_batch",), name)


def _homes(folder: Path) -> tuple[Path, ...]:
    return folder, folder / BINARY, folder / PYTHON


def _lacking(folder: Path, end: str) -> list[str]:
    return [batch + end for batch in BATCHES if not (folder / (batch + end)).is_file()]


def _binary(folder: Path, cache: Path | None) -> tuple[Path, Callable[[str], str]]:
    """A folder with the six files of the binary version, and what to call a batch's file in messages."""
    for home in _homes(folder):
        if not _lacking(home, ".bin"):
            return home, partial(_in_folder, home, ".bin")
    for home in _homes(folder):
        if not _lacking(home, ""):
            sources = [home / batch for batch in BATCHES]
            copy = converted(sources, "cifar-10", partial(_from_pickles, home), _check_sizes, cache)
            return copy, partial(_in_folder, home, "")
    for archive, inside in ARCHIVES.items():
        source = folder / archive
        if source.is_file():
            copy = converted([source], "cifar-10", partial(_from_archive, source, inside), _check_sizes, cache)
            return copy, partial(_in_archive, source)
    raise DataError(f"{folder} lacks {', '.join(missing(folder))}; copy the files there")


def _in_folder(folder: Path, end: str, batch: str) -> str:
    return f"{folder / batch}{end}"


def _in_archive(source: Path, batch: str) -> str:
    return f"{source}: {batch}"


def _opened(folder: Path, shown: Callable[[str], str], batches: tuple[str, ...], name: str) -> Dataset:
    blocks, labels = [], []
    for batch in batches:
        path = folder / f"{batch}.bin"
        labels.append(_labels(path, shown(batch)))
        blocks.append(Block(path, len(labels[-1]), 1, RECORD))
    return RecordDataset(name, CLASSES, SHAPE, blocks, np.concatenate(labels), planar=True)


def _count(size: int, shown: str) -> int:
    """How many records a file of `size` bytes has."""
    if size == 0 or size % RECORD:
        raise DataError(
            f"{shown} is {size:,} B, must be a multiple of {RECORD:,} (the published files have "
            f"{BATCH * RECORD:,}): it is truncated or no file of CIFAR-10's binary version; {AGAIN}"
        )
    return size // RECORD


def _labels(path: Path, shown: str) -> NDArray[np.uint8]:
    """The labels of a file, all of which are 0 to 9."""
    file = open_readonly(path)
    try:
        labels = np.empty(_count(os.fstat(file).st_size, shown), np.uint8)
        records = np.empty((min(CHUNK, len(labels)), RECORD), np.uint8)
        for first in range(0, len(labels), CHUNK):
            some = labels[first : first + CHUNK]
            rows = records[: len(some)]
            fill(file, rows.reshape(-1).data, first * RECORD, path)
            some[:] = rows[:, 0]
    finally:
        os.close(file)
    wrong = labels > 9
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(f"{shown}: label of example {first:,} is {labels[first]}, must be 0 to 9; {AGAIN}")
    return labels


def _check_sizes(folder: Path) -> None:
    """Of a folder in the cache, whose labels were checked when it was made."""
    for batch in BATCHES:
        path = folder / f"{batch}.bin"
        _count(path.stat().st_size if path.is_file() else 0, str(path))


def _from_pickles(folder: Path, part: Path) -> None:
    """Turn the six files of the Python version in `folder` into the binary version's in the new folder `part`."""
    part.mkdir()
    for batch in BATCHES:
        with open(folder / batch, "rb") as file:
            _from_pickle(file, os.fstat(file.fileno()).st_size, part / f"{batch}.bin", str(folder / batch))


def _from_archive(source: Path, inside: str, part: Path) -> None:
    """Unpack the six files of an archive, as the binary version, into the new folder `part`."""
    part.mkdir()

    def member(batch: str) -> Member:
        into, shown = part / f"{batch}.bin", _in_archive(source, batch)
        if inside == PYTHON:
            most = BATCH * PIXELS + PICKLE_EXTRA
            return Member(most, lambda file, size: _from_pickle(file, size, into, shown))
        return Member(BATCH * RECORD, lambda file, size: _copied(file, size, into, shown))

    end = "" if inside == PYTHON else ".bin"
    extract(source, {f"{inside}/{batch}{end}": member(batch) for batch in BATCHES})


def _copied(file: IO[bytes], size: int, into: Path, shown: str) -> None:
    _count(size, shown)
    with open(into, "xb") as out:
        while chunk := file.read(CHUNK * RECORD):
            out.write(chunk)
    _labels(into, shown)


def _from_pickle(file: IO[bytes], size: int, into: Path, shown: str) -> None:
    """One batch, 31 MB, is in memory while it is turned into records."""
    from linocut.data.cifar10_pickle import read_batch  # late: its imports cost memory

    most = BATCH * PIXELS + PICKLE_EXTRA
    if size > most:
        raise DataError(f"{shown} is {size:,} B, a batch of CIFAR-10 has {most:,} at most; {AGAIN}")
    labels, pixels = read_batch(file, size, shown)
    rows = np.frombuffer(pixels, np.uint8).reshape(len(labels), PIXELS)
    with open(into, "xb") as out:
        for first in range(0, len(labels), CHUNK):
            some = rows[first : first + CHUNK]
            records = np.empty((len(some), RECORD), np.uint8)
            records[:, 0] = labels[first : first + CHUNK]
            records[:, 1:] = some
            out.write(records.data)
