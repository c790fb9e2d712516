"""SVHN: house numbers of Street View, cropped to 32 x 32 colour, in MATLAB files.

A file holds X, uint8 (32, 32, 3, n), and y (n, 1): 1 to 9 are these digits, 10 is the digit 0. It is turned once into
a file in the cache: the pixels of all images (row, column, channel), then all labels, 1 B each; batches are read
from that. Source: http://ufldl.stanford.edu/housenumbers/, format 2.
"""

from __future__ import annotations

import math
import os
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from linocut.data.cache import converted
from linocut.data.dataset import Dataset
from linocut.data.disk import AGAIN, fill, open_readonly
from linocut.data.file_names import SVHN_EXTRA, SVHN_TEST, SVHN_TRAIN
from linocut.data.mat5 import Variable, variables
from linocut.data.records import Block, RecordDataset
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = tuple("0123456789")
SHAPE = (32, 32, 3)
PIXELS = math.prod(SHAPE)
MOST = 10_000_000  # examples, of which the largest file has 531,131: labels are held
CHUNK = 64  # images turned together


def missing(folder: Path, extra: bool = False) -> list[str]:
    """Which of the files `folder` lacks."""
    wanted = (SVHN_TRAIN, SVHN_TEST, SVHN_EXTRA) if extra else (SVHN_TRAIN, SVHN_TEST)
    return [name for name in wanted if not os.path.isfile(folder / name)]


def open_splits(
    folder: Path, name: str = "svhn", extra: bool = False, cache: Path | None = None
) -> tuple[Dataset, Dataset]:
    """The training data, with those of extra_32x32.mat if `extra`, and the test data in `folder`.

    DataError for a file that is not of SVHN or damaged, MachineError where the cache cannot be written.
    """
    train = (SVHN_TRAIN, SVHN_EXTRA) if extra else (SVHN_TRAIN,)
    return (
        _opened([folder / file for file in train], name, cache),
        _opened([folder / SVHN_TEST], name, cache),
    )


def _opened(files: list[Path], name: str, cache: Path | None) -> Dataset:
    blocks, labels = [], []
    for path in files:
        copy = converted([path], path.stem, partial(_convert, path), _check, cache)
        count = _count(copy)
        blocks.append(Block(copy, count, 0, PIXELS))
        labels.append(_labels(copy, count))
    return RecordDataset(name, CLASSES, SHAPE, blocks, np.concatenate(labels), handed=True)


def _count(copy: Path) -> int:
    return copy.stat().st_size // (PIXELS + 1)


def _check(copy: Path) -> None:
    """Of a file in the cache."""
    size = copy.stat().st_size if os.path.isfile(copy) else 0
    if not size or size % (PIXELS + 1):
        raise DataError(f"{copy} is {size:,} B, must be a multiple of {PIXELS + 1:,}; remove it")
    _labels(copy, _count(copy))


def _labels(copy: Path, count: int) -> NDArray[np.uint8]:
    labels, file = np.empty(count, np.uint8), open_readonly(copy)
    try:
        fill(file, labels.data, count * PIXELS, copy)
    finally:
        os.close(file)
    if labels.max() > 9:
        raise DataError(f"{copy} holds a label of {labels.max()}, must be 0 to 9; remove it")
    return labels


def _convert(path: Path, part: Path) -> None:
    """Write the new file `part` from the MATLAB file."""
    count, labels = None, None
    with open(part, "xb") as out:
        for variable in variables(path):
            if variable.name == "X":
                count = _copy_images(variable, out, path)
            elif variable.name == "y":
                labels = _digits(variable, path)
        for name, found in (("X", count), ("y", labels)):
            if found is None:
                raise DataError(f"{path} has no numeric array {name}, a file of SVHN has X and y; {AGAIN}")
        assert labels is not None
        if len(labels) != count:
            raise DataError(f"{path} holds {count:,} images and {len(labels):,} labels, must be as many; {AGAIN}")
        out.write(labels.data)


def _copy_images(variable: Variable, out: IO[bytes], path: Path) -> int:
    """Write the images row, column, channel; returns how many there are."""
    shape = (*variable.shape, 1) if len(variable.shape) == 3 else variable.shape  # MATLAB drops a last 1
    if variable.kind != "uint8" or variable.stored != np.uint8 or shape[:3] != SHAPE or len(shape) != 4 or not shape[3]:
        raise DataError(
            f"{path}: X is {variable.kind} {' x '.join(map(str, variable.shape))}, must be uint8 "
            f"{' x '.join(map(str, SHAPE))} x images, as in the files of cropped digits (format 2); {AGAIN}"
        )
    if out.tell():
        raise DataError(f"{path} holds X twice; {AGAIN}")
    height, width, channels = SHAPE
    for values in variable.chunks(CHUNK * PIXELS):
        images = values.reshape(-1, channels, width, height).transpose(0, 3, 2, 1)
        out.write(np.ascontiguousarray(images).data)
    return int(shape[3])


def _digits(variable: Variable, path: Path) -> NDArray[np.uint8]:
    """The labels as digits, u8 (n,)."""
    count = math.prod(variable.shape)
    if not 0 < count <= MOST or count != max(variable.shape):
        shown = " x ".join(map(str, variable.shape))
        raise DataError(f"{path}: y is {variable.kind} {shown}, must be labels x 1, {MOST:,} at most; {AGAIN}")
    digits, first = [], 0
    for values in variable.chunks(1 << 14):
        wrong = ~((values >= 1) & (values <= 10) & (values == np.floor(values)))
        if wrong.any():
            number = int(wrong.argmax())
            raise DataError(
                f"{path}: label of example {first + number:,} is {values[number]}, must be 1 to 10 "
                f"(10 is the digit 0); {AGAIN}"
            )
        digits.append(values.astype(np.uint8) % 10)
        first += len(values)
    return np.concatenate(digits)
