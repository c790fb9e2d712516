"""CIFAR: 32 x 32 colour photographs with one label or more, in files of records or of pickles, read from disk.

A record of the binary version is a byte for each kind of label and 3,072 of pixels (channel, row, column). Everything
else is turned into such files in the cache, once. Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

SHAPE = (32, 32, 3)
PIXELS = math.prod(SHAPE)  # bytes
CHUNK = 256  # records looked at together
PICKLE_TIMES = 6  # bytes that a pickle takes for one of pixels at most: protocol 0 writes a 0 as \u0000
PICKLE_EXTRA = 400  # bytes of a pickle for the labels and the name of an image at most


@dataclass(frozen=True)
class Cifar:
    """CIFAR-10 or CIFAR-100. Files are named without the binary version's ".bin".

    `labels` are the kinds of labels of a record, as keys of the Python version, and the number of classes of each;
    `most` is how many images the largest file has. `homes` are the folders, below the one that is given, in which the
    files may lie; `archives` which of two folders, the binary or the Python version's, one of such a name holds.
    """

    title: str
    labels: Mapping[str, int]
    train: tuple[str, ...]
    test: str
    most: int
    homes: tuple[str, ...]
    archives: Mapping[str, str]
    binary: str

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.train, self.test)

    @property
    def record(self) -> int:
        """Bytes."""
        return len(self.labels) + PIXELS

    @property
    def most_pickled(self) -> int:
        """Bytes of a file of the Python version at most."""
        return self.most * (PIXELS * PICKLE_TIMES + PICKLE_EXTRA)


Named = Callable[[str], str]
"""What to call a file in messages."""


def missing(cifar: Cifar, folder: Path) -> list[str]:
    """Which files of the version that lacks least `folder` does not have; an archive is all of them.

    They may also lie in one of the folders below it in which they are known to lie.
    """
    if any(os.path.isfile(folder / archive) for archive in cifar.archives):
        return []
    return min((_lacking(cifar, home, end) for home in _homes(cifar, folder) for end in (".bin", "")), key=len)


def open_splits(
    cifar: Cifar, folder: Path, name: str, kind: str, classes: tuple[str, ...], cache: Path | None = None
) -> tuple[Dataset, Dataset]:
    """The training and the test data in `folder`, u8 (32, 32, 3), with labels of a `kind`, which mean `classes`.

    The binary version where there are several. All labels are read here (1 B an example is kept) and every file is
    checked to be whole: DataError names what is wrong, MachineError where the cache cannot be written.
    """
    home, named = _binary(cifar, folder, cache)
    column = list(cifar.labels).index(kind)

    def opened(files: tuple[str, ...]) -> Dataset:
        blocks, labels = [], []
        for file in files:
            path = home / f"{file}.bin"
            labels.append(read_labels(cifar, path, named(file))[:, column])
            blocks.append(Block(path, len(labels[-1]), len(cifar.labels), cifar.record))
        return RecordDataset(name, classes, SHAPE, blocks, np.concatenate(labels), planar=True)

    return opened(cifar.train), opened((cifar.test,))


def _homes(cifar: Cifar, folder: Path) -> tuple[Path, ...]:
    return folder, *(folder / home for home in cifar.homes)


def _lacking(cifar: Cifar, folder: Path, end: str) -> list[str]:
    return [file + end for file in cifar.files if not os.path.isfile(folder / (file + end))]


def _binary(cifar: Cifar, folder: Path, cache: Path | None) -> tuple[Path, Named]:
    """A folder with the files of the binary version, and what to call each in messages."""
    for home in _homes(cifar, folder):
        if not _lacking(cifar, home, ".bin"):
            return home, partial(_in_folder, home, ".bin")
    check, copy = partial(_check_sizes, cifar), cifar.title.lower()
    for home in _homes(cifar, folder):
        if not _lacking(cifar, home, ""):
            sources = [home / file for file in cifar.files]
            return converted(sources, copy, partial(_from_pickles, cifar, home), check, cache), partial(
                _in_folder, home, ""
            )
    for archive in cifar.archives:
        source = folder / archive
        if os.path.isfile(source):
            write = partial(_from_archive, cifar, source)
            return converted([source], copy, write, check, cache), partial(_in_archive, source)
    raise DataError(f"{folder} lacks {', '.join(missing(cifar, folder))}; copy the files there")


def _in_folder(folder: Path, end: str, file: str) -> str:
    return f"{folder / file}{end}"


def _in_archive(source: Path, file: str) -> str:
    return f"{source}: {file}"


def _count(cifar: Cifar, size: int, shown: str) -> int:
    """How many records a file of `size` bytes has."""
    if size == 0 or size % cifar.record:
        raise DataError(
            f"{shown} is {size:,} B, must be a multiple of {cifar.record:,} (the largest published file has "
            f"{cifar.most * cifar.record:,}): it is truncated or no file of {cifar.title}'s binary version; {AGAIN}"
        )
    return size // cifar.record


def read_labels(cifar: Cifar, path: Path, shown: str) -> NDArray[np.uint8]:
    """The labels (n, kinds of labels) of a file of the binary version, each of which means a class."""
    file = open_readonly(path)
    try:
        labels = np.empty((_count(cifar, os.fstat(file).st_size, shown), len(cifar.labels)), np.uint8)
        records = np.empty((min(CHUNK, len(labels)), cifar.record), np.uint8)
        for first in range(0, len(labels), CHUNK):
            some = labels[first : first + CHUNK]
            rows = records[: len(some)]
            fill(file, rows.reshape(-1).data, first * cifar.record, path)
            some[:] = rows[:, : len(cifar.labels)]
    finally:
        os.close(file)
    for column, count in enumerate(cifar.labels.values()):
        wrong = labels[:, column] >= count
        if wrong.any():
            first = int(wrong.argmax())
            raise DataError(
                f"{shown}: label of example {first:,} is {labels[first, column]}, must be 0 to {count - 1}; {AGAIN}"
            )
    return labels


def _check_sizes(cifar: Cifar, folder: Path) -> None:
    """Of a folder in the cache, whose labels were checked when it was made."""
    for file in cifar.files:
        path = folder / f"{file}.bin"
        _count(cifar, path.stat().st_size if os.path.isfile(path) else 0, str(path))


def _from_pickles(cifar: Cifar, folder: Path, part: Path) -> None:
    """Turn the files of the Python version in `folder` into the binary version's in the new folder `part`."""
    part.mkdir()
    for name in cifar.files:
        with open(open_readonly(folder / name), "rb") as file:
            from_pickle(cifar, file, os.fstat(file.fileno()).st_size, part / f"{name}.bin", str(folder / name))


def _from_archive(cifar: Cifar, source: Path, part: Path) -> None:
    """Unpack the files of an archive, as the binary version, into the new folder `part`."""
    part.mkdir()
    inside = cifar.archives[source.name]

    def member(name: str) -> Member:
        into, shown = part / f"{name}.bin", _in_archive(source, name)
        if inside != cifar.binary:
            return Member(cifar.most_pickled, lambda file, size: from_pickle(cifar, file, size, into, shown))
        return Member(cifar.most * cifar.record, lambda file, size: _copied(cifar, file, size, into, shown))

    end = ".bin" if inside == cifar.binary else ""
    extract(source, {name + end: member(name) for name in cifar.files}, inside)


def _copied(cifar: Cifar, file: IO[bytes], size: int, into: Path, shown: str) -> None:
    _count(cifar, size, shown)
    with open(into, "xb") as out:
        while chunk := file.read(CHUNK * cifar.record):
            out.write(chunk)
    read_labels(cifar, into, shown)


def from_pickle(cifar: Cifar, file: IO[bytes], size: int, into: Path, shown: str) -> None:
    """Turn a file of the Python version, of `size` bytes, which are in memory meanwhile, into records in `into`."""
    from linocut.data.cifar_pickle import read_batch  # late: its imports cost memory

    if size > cifar.most_pickled:
        most = f"{cifar.most_pickled:,}"
        raise DataError(f"{shown} is {size:,} B, a file of {cifar.title}'s Python version has {most} at most; {AGAIN}")
    labels, pixels = read_batch(file, size, cifar.labels, cifar.title, shown)
    with open(into, "xb") as out:
        for first in range(0, len(labels), CHUNK):
            some = pixels[first : first + CHUNK]
            records = np.empty((len(some), cifar.record), np.uint8)
            records[:, :-PIXELS] = labels[first : first + CHUNK]
            records[:, -PIXELS:] = some
            out.write(records.data)
