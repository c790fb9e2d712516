"""ArrayDataset: examples that the caller already holds in NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Dataset, Dtype, check_read
from linocut.errors import DataError
from linocut.masks import is_masked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CHUNK = 256  # examples looked at together when floats are checked: keeps the temporary arrays small


class ArrayDataset(Dataset):
    """`images` and integer `labels` (n,) held in memory; arrays that need no conversion are not copied.

    `images` is (n, features), (n, height, width), which gains a channel, (n, height, width, channels), or, where
    `shape` says what an example is, (n, *shape). uint8 stays uint8; floats become float32. Without `classes` they are
    named "0" to the largest label. With `numbers` labels are targets, (n,) or (n, targets), and become float32.
    Raises DataError for a wrong type, shape or count, a label out of range, and values that are not finite.
    """

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        classes: Sequence[str] | None = None,
        name: str = "arrays",
        *,
        shape: tuple[int, ...] | None = None,
        numbers: bool = False,
    ) -> None:
        """Check the arrays and keep them."""
        self.name = name
        self._images = _checked_images(as_array(images, f"{name}: images"), name, shape)
        self._lengths: NDArray[np.int64] | None = None
        self.shape = self._images.shape[1:]
        self.dtype: Dtype = "u8" if self._images.dtype == np.uint8 else "f32"
        given, count = as_array(labels, f"{name}: labels"), len(self._images)
        self._labels: NDArray[Any]
        if numbers:
            self._labels = _checked_targets(given, count, name)
            self.targets, self.classes = self._labels.shape[1], tuple(classes or ())
            return
        self._labels = _checked_labels(given, count, classes, name)
        self.classes = tuple(str(i) for i in range(int(self._labels.max()) + 1)) if classes is None else tuple(classes)

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._images)

    def check_range(self, low: float, high: float) -> None:
        """DataError, with the example, for a value outside of [low, high]."""
        for start in range(0, len(self._images), CHUNK):
            some = self._images[start : start + CHUNK].reshape(len(self._images[start : start + CHUNK]), -1)
            outside = ((some < low) | (some > high)).any(axis=1)
            if outside.any():
                row = int(outside.argmax())
                wrong = some[row][(some[row] < low) | (some[row] > high)][0]
                raise DataError(
                    f"{self.name}: a value of example {start + row:,} is {wrong}, must be {low} to {high}; "
                    "scale the data, or give the network's Input another range (low, high)"
                )

    @property
    def labels(self) -> NDArray[Any] | None:
        """Those of all examples; see Dataset.labels."""
        return None if self.targets else self._labels

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """Those that were said; see Dataset.lengths."""
        return self._lengths

    def with_lengths(self, lengths: Sequence[int]) -> ArrayDataset:
        """This data set, its examples being sequences of so many steps, zeros behind."""
        self._lengths = np.array(lengths, np.int64)
        return self

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Copy the examples at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        np.take(self._images, indices, axis=0, out=images, mode="clip")  # "clip" spares NumPy's buffered copy
        np.take(self._labels, indices, axis=0, out=labels, mode="clip")


def as_array(given: ArrayLike, what: str) -> NDArray[Any]:
    """An array; DataError for what is none, such as lists of different lengths, and for one with masked elements."""
    if is_masked(given):
        raise DataError(f"{what} have masked elements; fill them (.filled(0)), or leave out these examples")
    try:
        return np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{what} are {type(given).__name__} that make no array; give all examples one shape") from None


def _checked_images(images: NDArray[Any], name: str, shape: tuple[int, ...] | None) -> NDArray[Any]:
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DataError(
            f"{name}: images have dtype {images.dtype}, must be uint8 (0 to 255) or float; "
            "convert them: images.astype('uint8') or images.astype('float32')"
        )
    if not 2 <= images.ndim <= (4 if shape is None else 1 + max(len(shape), 3)) or 0 in images.shape:
        raise DataError(
            f"{name}: images have shape {images.shape}, must be (n, features), (n, height, width) or "
            "(n, height, width, channels), none of them 0; reshape them"
        )
    if images.ndim == 3 and (shape is None or len(shape) == 3):
        images = images[..., None]
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    with np.errstate(over="ignore"):  # a float64 too large for float32 becomes inf, and is reported below
        floats = np.ascontiguousarray(images, dtype=np.float32)
    for start in range(0, len(floats), CHUNK):
        finite = np.isfinite(floats[start : start + CHUNK])
        if not finite.all():
            row, *position = (int(i) for i in np.argwhere(~finite)[0])
            place = ", ".join(str(i) for i in position)
            raise DataError(
                f"{name}: example {start + row:,} is {floats[start + row][tuple(position)]} at ({place}), "
                "must be a finite float32; mend or leave out that example"
            )
    return floats


def _checked_targets(targets: NDArray[Any], count: int, name: str) -> NDArray[np.float32]:
    if targets.dtype.kind not in "iufb":
        raise DataError(f"{name}: targets have dtype {targets.dtype}, must be numbers; convert them to float32")
    if targets.ndim not in (1, 2) or len(targets) != count or 0 in targets.shape:
        raise DataError(
            f"{name}: targets have shape {targets.shape}, must be ({count},) or ({count}, targets), "
            "one row for each example"
        )
    with np.errstate(over="ignore"):  # what is too large for float32 becomes inf, and is reported below
        floats = np.ascontiguousarray(targets.reshape(count, -1), dtype=np.float32)
    finite = np.isfinite(floats)
    if not finite.all():
        row, column = (int(i) for i in np.argwhere(~finite)[0])
        raise DataError(
            f"{name}: target {column} of example {row:,} is {floats[row, column]}, must be a finite float32; "
            "mend or leave out that example"
        )
    return floats


def _checked_labels(labels: NDArray[Any], count: int, classes: Sequence[str] | None, name: str) -> NDArray[np.int32]:
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise DataError(
            f"{name}: labels have shape {labels.shape}, must be ({count},), a class number for each image; "
            "of one-hot labels take labels.argmax(axis=1)"
        )
    if labels.dtype.kind not in "iuf":
        raise DataError(f"{name}: labels have dtype {labels.dtype}, must be class numbers from 0; number the classes")
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"{name}: labels have dtype {labels.dtype}, must be integers (class numbers from 0); "
            "convert them: labels.astype('int32')"
        )
    if labels.shape != (count,):
        raise DataError(f"{name}: labels have shape {labels.shape}, must be ({count},), one for each image")
    most = (np.iinfo(np.int32).max if classes is None else len(classes)) - 1
    wrong = (labels < 0) | (labels > most)
    if wrong.any():
        first = int(wrong.argmax())
        bound = "0 or more" if classes is None else f"0 to {most} ({len(classes)} classes)"
        raise DataError(
            f"{name}: label of example {first:,} is {int(labels[first])}, must be {bound}; mend the label"
            + ("" if classes is None else " or name all classes")
        )
    return np.ascontiguousarray(labels, dtype=np.int32)
