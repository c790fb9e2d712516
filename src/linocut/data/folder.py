"""A folder of class folders of images: each image is an example, decoded when it is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Crops, Dataset, check_read
from linocut.data.images import decode
from linocut.data.soundness import look_at, refusal
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pbm", ".pgm", ".ppm", ".pnm")
)
TEST_NAMES = ("test", "val", "valid", "validation")
TEST_PART = 5  # without a test folder, one image in five is kept for testing


@dataclass(frozen=True)
class Entry:
    """One image: its path below the root, such as "cats/1.png", and its class number."""

    path: str
    label: int


class FolderDataset(Dataset):
    """The images at `entries` below `root`, as u8 (height, width, channels); `resize` lets sizes differ.

    `skipped` has the paths of images of the class folders that were left out, as they are corrupt.
    """

    crops = True

    def __init__(
        self,
        name: str,
        root: Path,
        entries: list[Entry],
        shape: tuple[int, int, int],
        classes: tuple[str, ...],
        resize: bool,
        skipped: tuple[Path, ...] = (),
    ) -> None:
        """Keep the names; `open_folder` has checked them."""
        self.name = name
        self.shape = shape
        self.dtype = "u8"
        self.classes = classes
        self.skipped = skipped
        self._root = root
        self._paths = [entry.path for entry in entries]
        self._labels = np.array([entry.label for entry in entries], np.int32)
        self._resize = resize

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self._paths)

    def read(self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32]) -> None:
        """Decode the images at `indices`; see Dataset.read."""
        self._read(indices, images, labels, None)

    def read_crops(
        self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32], boxes: Crops
    ) -> None:
        """Decode parts of the images at `indices`; see Dataset.read_crops."""
        self._read(indices, images, labels, boxes)

    def _read(
        self, indices: NDArray[np.int64], images: NDArray[Any], labels: NDArray[np.int32], boxes: Crops | None
    ) -> None:
        check_read(self, indices, images, labels)
        height, width, channels = self.shape
        shape = height, width, channels
        labels[...] = self._labels[indices]
        for row, index in enumerate(indices.tolist()):
            crop = None if boxes is None else partial(boxes, row)
            images[row] = decode(self._root / self._paths[index], shape, resize=self._resize, crop=crop)


def open_folder(
    root: Path, size: tuple[int, int] | None = None, skip_corrupt: bool = False
) -> tuple[FolderDataset, FolderDataset]:
    """The training and the test images below `root`.

    They come from `root/train` and `root/test` (or val, valid, validation) where these hold class folders.
    Otherwise a hash of each image's path below `root` picks about one in five for testing, the same ones on
    every machine. Classes are the sorted names of the class folders. The first image decides on 1 or 3
    channels and, unless `size` = (height, width) in pixels is given, on the size, which all headers are
    checked against here. With `size`, images of other sizes are resized and cropped; see images.py.

    Raises DataError for a folder or an image that will not do. An image whose header and end are sound but not its
    pixels is found when it is read; with `skip_corrupt` all images are decoded here instead (which takes as long as
    an epoch of reading), and those that are corrupt are left out and named in `skipped`.
    """
    if size is not None and min(size) < 1:
        raise DataError(f"size is {size[0]} x {size[1]}, must be 1 x 1 pixels or more")
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; give a folder that holds one folder of images for each class")
    train_root, test_root = _split_roots(root)
    classes = tuple(_subfolders(train_root))
    if len(classes) < 2:
        held = f"only one class folder ({classes[0]})" if classes else "no class folders"
        raise DataError(f"{train_root} holds {held}, must hold at least 2, each with the images of a class")
    train, test = _entries(train_root, classes, classes), []
    if test_root is not None:
        found_test = _subfolders(test_root)
        for name in found_test:
            if name not in classes:
                raise DataError(
                    f"{test_root / name} is a class that {train_root} lacks (it has {', '.join(classes)}); "
                    "rename or remove it"
                )
        test = _entries(test_root, tuple(found_test), classes)
    else:
        test_root = train_root
        test = [entry for entry in train if _digest(entry.path) % TEST_PART == 0]
        train = [entry for entry in train if _digest(entry.path) % TEST_PART != 0]
    looked = [
        look_at(folder, [entry.path for entry in entries], whole=skip_corrupt)
        for folder, entries in ((train_root, train), (test_root, test))
    ]
    corrupt = {**looked[0].errors, **looked[1].errors}
    if corrupt and not skip_corrupt:
        raise refusal(corrupt, len(train) + len(test))
    sound = [
        [entry for entry, good in zip(entries, found.sound.tolist(), strict=True) if good]
        for entries, found in zip((train, test), looked, strict=True)
    ]
    if not all(sound):
        raise DataError(
            f"{root} holds {len(sound[0]) + len(sound[1])} images, too few to test on one in {TEST_PART}; "
            "add images, or put them into train and test folders"
        )
    _check_classes(train_root, sound[0], classes, {path.parent for path in corrupt})
    first = min((number for number, good in enumerate(looked[0].sound) if good), key=lambda number: train[number].path)
    shape = _shape(looked[0].shapes[first])
    if size is None:
        for folder, entries, found in ((train_root, train, looked[0]), (test_root, test, looked[1])):
            _check_sizes(folder, entries, found.shapes, shape, train_root / train[first].path)
    shape = (*(size or shape[:2]), shape[2])
    return (
        FolderDataset(str(root), train_root, sound[0], shape, classes, size is not None, tuple(looked[0].errors)),
        FolderDataset(str(root), test_root, sound[1], shape, classes, size is not None, tuple(looked[1].errors)),
    )


def _check_sizes(
    folder: Path, entries: list[Entry], shapes: NDArray[np.int32], shape: tuple[int, int, int], like: Path
) -> None:
    """DataError for an image of another height or width than `shape`, which is that of the image `like`."""
    other = (shapes[:, 0] > 0) & (shapes[:, :2] != shape[:2]).any(axis=1)
    if other.any():
        number = int(other.argmax())
        raise DataError(
            f"{folder / entries[number].path} is {_size(_shape(shapes[number]))} pixels (height x width), must be "
            f"{_size(shape)} like {like}; give a size to resize all images to (--size, size=(height, width))"
        )


def _check_classes(root: Path, entries: list[Entry], classes: tuple[str, ...], corrupt: set[Path]) -> None:
    """DataError for a class of which no image is left to train on; `corrupt` are the folders that have such images."""
    lacking = set(range(len(classes))) - {entry.label for entry in entries}
    if lacking:
        folder = root / classes[min(lacking)]
        reason = "images are corrupt" if folder in corrupt else "few images are all kept for testing"
        raise DataError(f"{folder} has no image left to train on, as its {reason}; add images, or remove the class")


def _split_roots(root: Path) -> tuple[Path, Path | None]:
    """The folders of training and of test classes; a folder named "test" that holds no folders is a class."""
    train = root / "train"
    if not (train.is_dir() and _subfolders(train)):
        return root, None
    for name in TEST_NAMES:
        if (root / name).is_dir() and _subfolders(root / name):
            return train, root / name
    return train, None


def _subfolders(folder: Path) -> list[str]:
    return sorted(item.name for item in _scan(folder) if item.is_dir() and not item.name.startswith("."))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}; check its permissions") from None


def _entries(root: Path, names: tuple[str, ...], classes: tuple[str, ...]) -> list[Entry]:
    """All images of the classes `names`, in an order that mixes them but depends on names only."""
    entries = []
    for name in names:
        images = [
            item.name
            for item in _scan(root / name)
            if not item.name.startswith(".") and os.path.splitext(item.name)[1].lower() in SUFFIXES and item.is_file()
        ]
        if not images:
            raise DataError(
                f"{root / name} holds no images ({', '.join(sorted(SUFFIXES))}); put the class's there, "
                "or remove the folder"
            )
        entries += [Entry(f"{name}/{image}", classes.index(name)) for image in images]
    return sorted(entries, key=lambda entry: (_digest(entry.path), entry.path))


def _shape(row: NDArray[np.int32]) -> tuple[int, int, int]:
    height, width, channels = row.tolist()
    return height, width, channels


def _size(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _digest(path: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(os.fsencode(path), digest_size=8).digest(), "big")
