"""Dataset: the one interface through which examples are read, by index, into arrays that the caller owns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linocut.data.form import Form

Dtype = Literal["u8", "f32"]

NUMPY_DTYPES: dict[Dtype, np.dtype[Any]] = {"u8": np.dtype(np.uint8), "f32": np.dtype(np.float32)}

DEVICE = "device"  # what examples are called that only a device had

Resizing = Literal["whole", "crop"]

Box = tuple[float, float, float, float]
"""A part of an image, in its own pixels: left, top, right, bottom."""

Crops = Callable[[int, int, int], Box]
"""The part to take of an example: its row among those that are read, its image's height and width, to a box."""


class Dataset(ABC):
    """A fixed number of labelled examples, all of one shape.

    `shape` is (height, width, channels) for images and (features,) for vectors; `dtype` is "u8" (0 to 255) or
    "f32"; label i means `classes[i]`. With `targets`, so many numbers stand in the place of an example's label.
    Reading may happen in another thread than the one that made the data set.

    `handed` says that a mirrored example is none of its class any more, as it is of digits; `crops` that
    `read_crops` works, as the examples are made of images of their own sizes; `resizing` how a picture of another size
    becomes such an example (see resizing.py). `notes` are lines on what was left out or chosen when it was opened.
    `form` says how examples were made of numbers in files, None where they were not. `conditions` are a number of each
    example under which it came about, and what it is, such as the signal-to-noise ratio.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Dtype
    classes: tuple[str, ...]
    targets: int = 0
    handed: bool = False
    crops: bool = False
    resizing: Resizing = "whole"
    notes: tuple[str, ...] = ()
    form: Form | None = None
    conditions: tuple[str, NDArray[np.float64]] | None = None

    @abstractmethod
    def __len__(self) -> int:
        """How many examples there are."""

    @property
    def whole(self) -> Dataset:
        """What it is known by: itself, or what a split took it from."""
        return self

    @property
    def labels(self) -> NDArray[Any] | None:
        """The class numbers (n,) of all examples, not to be written to; None where they are not at hand, or targets."""
        return None

    @property
    def lengths(self) -> NDArray[np.int64] | None:
        """How many steps each example has (n,), where they are sequences of their own lengths; None elsewhere."""
        return None

    def file_of(self, index: int) -> str | None:
        """The path of the file that an example is; None where it is no file of its own."""
        return None

    @abstractmethod
    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
        """Write the examples at `indices` (n,) into `images` (n, *shape) and `labels` (n,) int32.

        Those of `targets` are float32 (n, targets).

        The outputs are C-contiguous. Raises DataError for indices out of range, outputs that do not fit, or
        an example that is damaged.
        """

    def fingerprints(self, indices: NDArray[np.int64]) -> Iterator[bytes]:
        """Of the examples at `indices`, in their order, bytes that tell each of them from others: place and values."""
        images = np.empty((len(indices), *self.shape), NUMPY_DTYPES[self.dtype])
        truth = np.empty(*truth_form(self, len(indices)))
        self.read(indices, images, truth)
        for place, image, label in zip(indices, images, truth, strict=True):
            yield place.tobytes() + image.tobytes() + label.tobytes()

    def read_crops(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any], boxes: Crops) -> None:
        """Like `read`, but of each image the part that `boxes` says, resized to `shape`.

        DataError where the examples are not made of images of their own sizes (`crops`).
        """
        raise DataError(f"{self.name} has no images to crop, only folders of images have; leave out crop")


def truth_form(dataset: Dataset, count: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the labels, or targets, of so many examples."""
    return ((count, dataset.targets), np.dtype(np.float32)) if dataset.targets else ((count,), np.dtype(np.int32))


def check_read(dataset: Dataset, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[Any]) -> None:
    """Raise DataError unless the arguments of `dataset.read` fit it."""
    count = len(indices)
    for what, array, shape, dtype in (
        ("indices", indices, (count,), np.dtype(np.int64)),
        ("images", images, (count, *dataset.shape), NUMPY_DTYPES[dataset.dtype]),
        ("labels", labels, *truth_form(dataset, count)),
    ):
        if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
            order = "" if array.flags.c_contiguous else " with gaps"
            raise DataError(
                f"{dataset.name}: {what} to read into are {array.dtype} {array.shape}{order}, "
                f"must be {dtype} {shape}, C-contiguous"
            )
    if count and (int(indices.min()) < 0 or int(indices.max()) >= len(dataset)):
        bad = next(i for i in indices.tolist() if not 0 <= i < len(dataset))
        raise DataError(f"{dataset.name}: example {bad:,} does not exist, indices are 0 to {len(dataset) - 1:,}")


def some_floats(dataset: Dataset, count: int) -> NDArray[np.float32]:
    """Examples (n, *shape) of a data set of floats, `count` of them where there are as many: see evenly."""
    places = evenly(len(dataset), count)
    images, (shape, kind) = np.empty((len(places), *dataset.shape), np.float32), truth_form(dataset, len(places))
    dataset.read(places, images, np.empty(shape, kind))
    return images


def evenly(examples: int, count: int) -> NDArray[np.int64]:
    """So many places (n,) of examples, equally far from each other: those of a folder lie in the order of classes."""
    most = min(count, examples)
    return np.arange(most) * examples // most
