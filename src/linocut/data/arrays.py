"""ArrayDataset: examples that the caller already holds in NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Dataset, Dtype, check_read
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CHUNK = 256  # examples looked at together when floats are checked: keeps the temporary arrays small


class ArrayDataset(Dataset):
    """`images` and integer `labels` (n,) held in memory; arrays that need no conversion are not copied.

    `images` is (n, features), (n, height, width), which gains a channel, or (n, height, width, channels).
    uint8 stays uint8; floats become float32. Without `classes` they are named "0" to the largest label.
    Raises DataError for a wrong type, shape or count, a label out of range, and values that are not finite.
    """

    def __init__(
        self, images: ArrayLike, labels: ArrayLike, classes: Sequence[str] | None = None, name: str = "arrays"
    ) -> None:
        """Check the arrays and keep them."""
        self.name = name
        self._images = _checked_images(np.asarray(images), name)
        self._labels = _checked_labels(np.asarray(labels), len(self._images), classes, name)
        self.shape = self._images.shape[1:]
        self.dtype: Dtype = "u8" if self._images.dtype == np.uint8 else "f32"
        self.classes = tuple(str(i) for i in range(int(self._labels.max()) + 1)) if classes is None else tuple(classes)

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._images)

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Copy the examples at `indices`; see Dataset.read."""
        check_read(self, indices, images, labels)
        np.take(self._images, indices, axis=0, out=images, mode="clip")  # "clip" spares NumPy's buffered copy
        np.take(self._labels, indices, out=labels, mode="clip")


def _checked_images(images: NDArray[Any], name: str) -> NDArray[Any]:
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DataError(
            f"{name}: images have dtype {images.dtype}, must be uint8 (0 to 255) or float; "
            "convert them: images.astype('uint8') or images.astype('float32')"
        )
    if images.ndim not in (2, 3, 4) or 0 in images.shape:
        raise DataError(
            f"{name}: images have shape {images.shape}, must be (n, features), (n, height, width) or "
            "(n, height, width, channels), none of them 0; reshape them"
        )
    if images.ndim == 3:
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


def _checked_labels(labels: NDArray[Any], count: int, classes: Sequence[str] | None, name: str) -> NDArray[np.int32]:
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
