"""A file of CIFAR's Python version: a pickle of a dictionary of `data`, u8 (n, 3072), and lists or arrays of labels.

The published files are Python 2's; those that others wrote anew with Python 3 are read as well, and nothing in any of
them is run (array_pickle.py). Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING

import numpy as np

from linocut.data.array_pickle import Array, load
from linocut.data.disk import AGAIN
from linocut.errors import DataError, MachineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Read = tuple[NDArray[np.uint8], NDArray[np.uint8]]

PIXELS = 3 * 32 * 32


def read_batch(file: IO[bytes], size: int, labels: Mapping[str, int], what: str, shown: str) -> Read:
    """The labels u8 (n, kinds of labels) and the pixels u8 (n, 3072) of a file of `size` bytes.

    `labels` are the keys of the kinds of labels, and how many classes each has; `what` (CIFAR-10) and `shown`, the
    file, are for messages. DataError for anything else; errors of reading an archive or a disk are left to the caller.
    """
    try:
        batch = load(file, size)
        found = [_labels(_field(batch, key, what, shown), key, count, shown) for key, count in labels.items()]
        pixels = _pixels(_field(batch, "data", what, shown))
    except (DataError, MachineError, MemoryError, OSError, EOFError, zlib.error, tarfile.TarError):
        raise
    except Exception as error:  # a damaged pickle may raise anything
        reason = str(error).strip() or type(error).__name__
        raise DataError(
            f"{shown} is not a file of {what}'s Python version, and nothing in it was run ({reason[:80]}); {AGAIN}"
        ) from None
    counts = {len(column) for column in found}
    if pixels is None or counts != {len(pixels)} or not len(pixels):
        images = "data that are no images of 32 x 32" if pixels is None else f"{len(pixels):,} images"
        raise DataError(
            f"{shown} holds {' and '.join(f'{count:,}' for count in sorted(counts))} labels and {images}, must hold "
            f"u8 (n, {PIXELS:,}) and a label for each; {AGAIN}"
        )
    return np.stack(found, axis=1), pixels


def _pixels(data: object) -> NDArray[np.uint8] | None:
    """Rows of channel, row and column; None for an array of other than that."""
    images = data.of_numpy() if isinstance(data, Array) else None
    if images is None or images.dtype != np.uint8 or images.shape[1:] not in ((PIXELS,), (3, 32, 32)):
        return None
    return images.reshape(len(images), PIXELS)


def _labels(found: object, key: str, classes: int, shown: str) -> NDArray[np.uint8]:
    """Labels from 0 on, below `classes`, in a list, a tuple or an array."""
    if isinstance(found, Array):
        numbers = found.of_numpy()
        found = numbers.reshape(-1).tolist() if numbers.shape[1:] in ((), (1,)) else None
    if not isinstance(found, (list, tuple)):
        raise DataError(f"{shown}: {key} must be a list of numbers, one for each image; {AGAIN}")
    for number, label in enumerate(found):
        if type(label) is not int or not 0 <= label < classes:
            value = _shown(label)
            raise DataError(f"{shown}: label of example {number:,} is {value}, must be 0 to {classes - 1}; {AGAIN}")
    return np.array(found, np.uint8)


def _shown(label: object) -> str:
    """A label for a message; one of lists in lists could be of any length."""
    return str(label)[:40] if isinstance(label, (int, float)) else f"a {type(label).__name__}"


def _field(batch: object, name: str, what: str, shown: str) -> object:
    found = batch.get(name.encode(), batch.get(name)) if isinstance(batch, dict) else None
    if found is None:
        raise DataError(f"{shown} has no {name}, must be a file of {what}'s Python version; {AGAIN}")
    return found
