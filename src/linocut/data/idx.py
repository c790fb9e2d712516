"""IDX: MNIST's file format, read record by record and never held whole.

A file is the bytes 0, 0, type (8 for u8), number of dimensions; each dimension as a big-endian u32; then the
values. Source: the page "THE MNIST DATABASE" by LeCun, Cortes and Burges, section "file formats".
"""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.cache import unpacked
from linocut.data.dataset import Dataset, check_read
from linocut.data.disk import AGAIN, GZIP, begins_with, fill, open_readonly
from linocut.data.labelled import LabelledImages
from linocut.errors import DataError, MachineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {0x08: "u8", 0x09: "i8", 0x0B: "i16", 0x0C: "i32", 0x0D: "f32", 0x0E: "f64"}
PARTS = ("train", "t10k")  # how the format's users name the training and the test files
KINDS = {"images": 3, "labels": 1}  # dimensions of each


class IdxDataset(LabelledImages):
    """Grey images from an IDX file (n, height, width) with labels from another (n,), either gzipped or plain.

    Only the labels are held in memory (1 B an example). Without `classes` they are named "0" to the largest
    label, and each of them must occur. Both files are checked whole when opened: DataError names what is wrong;
    MachineError if unpacking fails.
    """

    def __init__(
        self,
        images: Path,
        labels: Path,
        *,
        name: str,
        classes: tuple[str, ...] | None = None,
        cache: Path | None = None,
        handed: bool = False,
    ) -> None:
        """Open and check the files; gzipped ones are unpacked into `cache` first."""
        self._given = images, labels, name, classes, cache, handed
        image_file, image_dims = _open(images, "images", cache)
        weakref.finalize(self, os.close, image_file)
        label_file, label_dims = _open(labels, "labels", cache)
        try:
            held = np.empty(label_dims, np.uint8)
            fill(label_file, held.data, _header_bytes(1), labels)
        finally:
            os.close(label_file)
        if image_dims[0] != label_dims[0]:
            raise DataError(
                f"{images} holds {image_dims[0]:,} images, {labels} {label_dims[0]:,} labels, must be "
                "as many; get both files again from one source"
            )
        largest = int(held.max())
        if classes is not None and largest >= len(classes):
            first = int((held >= len(classes)).argmax())
            raise DataError(
                f"{labels}: label of example {first:,} is {int(held[first])}, must be 0 to "
                f"{len(classes) - 1} ({len(classes)} classes); {AGAIN}"
            )
        absent = np.flatnonzero(np.bincount(held) == 0)  # np.unique would load NumPy's masked arrays, 1 MB
        if classes is None and len(absent):
            raise DataError(
                f"{labels}: labels go to {largest}, but none is {absent[0]}; number the classes from 0 without gaps, "
                "or get the file again"
            )
        named = tuple(str(i) for i in range(largest + 1)) if classes is None else classes
        super().__init__(name, (*image_dims[1:], 1), named, held)
        self.handed = handed
        self._path = images
        self._file = image_file
        self._row = math.prod(self.shape)  # bytes
        self._start = _header_bytes(3)

    def __reduce__(self) -> tuple[Callable[..., IdxDataset], tuple[Any, ...]]:
        """For pickle and copy: the files are opened anew; the number of an open one means nothing there."""
        return _again, self._given

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Read the records at `indices`, neighbours together, straight into `images`; see Dataset.read."""
        check_read(self, indices, images, labels)
        labels[...] = self._labels[indices]
        out = images.reshape(-1).data
        wanted = indices.tolist()
        row, first, count = self._row, 0, len(wanted)
        while first < count:
            last = first + 1
            while last < count and wanted[last] == wanted[last - 1] + 1:
                last += 1
            fill(self._file, out[first * row : last * row], self._start + wanted[first] * row, self._path)
            first = last


def _again(
    images: Path, labels: Path, name: str, classes: tuple[str, ...] | None, cache: Path | None, handed: bool
) -> IdxDataset:
    return IdxDataset(images, labels, name=name, classes=classes, cache=cache, handed=handed)


def find(folder: Path, part: str, kind: str) -> Path | None:
    """The file of `part` ("train" or "t10k") and `kind` ("images" or "labels"), plain before gzipped."""
    for suffix in ("", ".gz"):
        for mark in "-.":
            path = folder / f"{part}-{kind}{mark}idx{KINDS[kind]}-ubyte{suffix}"
            if os.path.isfile(path):
                return path
    return None


def missing(folder: Path) -> list[str]:
    """Which of the four files of a data set `folder` lacks, by their usual names; gzipped ones will do."""
    return [
        f"{part}-{kind}-idx{KINDS[kind]}-ubyte[.gz]"
        for part in PARTS
        for kind in KINDS
        if find(folder, part, kind) is None
    ]


def open_splits(
    folder: Path,
    name: str,
    classes: tuple[str, ...] | None = None,
    cache: Path | None = None,
    handed: bool = False,
) -> tuple[Dataset, Dataset]:
    """The training and the test data in `folder`; without `classes`, those of the training labels."""
    splits: list[IdxDataset] = []
    for part in PARTS:
        images, labels = (find(folder, part, kind) for kind in KINDS)
        if images is None or labels is None:
            raise DataError(f"{folder} lacks {', '.join(missing(folder))}; copy the files there")
        splits.append(IdxDataset(images, labels, name=name, classes=classes, cache=cache, handed=handed))
        classes = splits[-1].classes
    train, test = splits
    if train.shape != test.shape:
        raise DataError(
            f"{folder}: training images are {train.shape[:2]}, test images {test.shape[:2]}, must be alike; "
            "get the files again from one source"
        )
    return train, test


def _header_bytes(rank: int) -> int:
    return 4 + 4 * rank


def _open(path: Path, kind: str, cache: Path | None) -> tuple[int, tuple[int, ...]]:
    """An open file and its dimensions, after `path` was unpacked where it is gzipped."""
    plain = path  # also one that is called .gz: browsers unpack some of what they download, and keep the name
    if path.suffix == ".gz" and begins_with(path, GZIP):
        plain = unpacked(path, lambda copy: os.close(_open_plain(copy, path, kind)[0]), cache)
    return _open_plain(plain, path, kind)


def _open_plain(path: Path, shown: Path, kind: str) -> tuple[int, tuple[int, ...]]:
    """An open file and its dimensions; `shown` is the name for messages. The caller closes the file."""
    file = open_readonly(path, shown)
    try:
        return file, _checked_dims(file, shown, kind)
    except OSError as error:
        os.close(file)
        raise MachineError(f"{shown} cannot be read: {error.strerror}; check the disk") from None
    except BaseException:
        os.close(file)
        raise


def _checked_dims(file: int, path: Path, kind: str) -> tuple[int, ...]:
    rank = KINDS[kind]
    size = os.fstat(file).st_size
    head = os.pread(file, _header_bytes(rank), 0)
    magic = head[:4]
    if magic[:2] == GZIP:
        if path.suffix == ".gz":
            raise DataError(f"{path} is gzipped twice, must be once; unpack it: gunzip {path}")
        raise DataError(f"{path} is gzipped, must be named so; rename it to {path.name}.gz")
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        found = f"starts with {magic.hex(' ')}" if magic else "is empty"
        raise DataError(f"{path} {found}, an IDX file of {kind} starts with 00 00 08 {rank:02x}; {AGAIN}")
    if magic[2] != 0x08:
        raise DataError(f"{path} holds {TYPES[magic[2]]} values, must hold u8 (0 to 255); convert the file")
    if magic[3] != rank:
        raise DataError(
            f"{path} has dimensions: {magic[3]}, a file of {kind} has {rank}; check that images and labels "
            f"are not exchanged, or {AGAIN}"
        )
    if len(head) < _header_bytes(rank):
        raise DataError(f"{path} is truncated: {size:,} B, its header alone has {_header_bytes(rank)}; {AGAIN}")
    dims = tuple(int.from_bytes(head[i : i + 4], "big") for i in range(4, len(head), 4))
    if 0 in dims:
        raise DataError(f"{path} holds {' x '.join(map(str, dims))} values, every dimension must be 1 or more; {AGAIN}")
    expected = len(head) + math.prod(dims)
    if size != expected:
        fault = "is truncated" if size < expected else "has trailing garbage"
        raise DataError(
            f"{path} {fault}: {size:,} B, its header promises {expected:,} "
            f"({len(head)} + {' x '.join(f'{dim:,}' for dim in dims)}); {AGAIN}"
        )
    return dims
