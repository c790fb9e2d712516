"""A folder of class folders of images: each image is an example, decoded when it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Crops, Resizing, check_read
from linocut.data.fingerprint import file_fingerprint
from linocut.data.images import decode
from linocut.data.labelled import LabelledImages
from linocut.data.loaded import Loaded
from linocut.data.resizing import CROP, WHOLE, find_resizing
from linocut.data.scan import SUFFIXES, Scan, folders, scan
from linocut.data.soundness import Looked, look_at, refusal
from linocut.data.splits import Splits, find_splits
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST_PART = 5  # without a test folder, one image in five is kept for testing


@dataclass(frozen=True)
class Entry:
    """One image: its path below the root, such as "cats/1.png", and its class number."""

    path: str
    label: int


class FolderDataset(LabelledImages):
    """The images at `entries` below `root`, as u8 (height, width, channels); `sizes_differ` lets them be resized.

    `skipped` has the paths of images of the class folders that were left out, as they are corrupt. A file is looked at
    for damage the first time that it is read, unless all were before (`sound`).
    """

    crops = True

    def __init__(
        self,
        name: str,
        root: Path,
        entries: list[Entry],
        shape: tuple[int, int, int],
        classes: tuple[str, ...],
        resizing: Resizing,
        sizes_differ: bool,
        skipped: tuple[Path, ...] = (),
        notes: tuple[str, ...] = (),
        sound: bool = False,
    ) -> None:
        """Keep the names; `open_folder` has checked them."""
        super().__init__(name, shape, classes, np.array([entry.label for entry in entries], np.int32))
        self.resizing = resizing
        self.skipped = skipped
        self.notes = notes
        self._root = root
        self._paths = [entry.path for entry in entries]
        self._sizes_differ = sizes_differ
        self._sound = np.full(len(entries), sound)

    def fingerprints(self, indices: NDArray[np.int64]) -> Iterator[bytes]:
        """The path below the folder of classes, and the file; see file_fingerprint."""
        for index in indices.tolist():
            path = self._paths[index]
            yield os.fsencode(path) + b"\0" + file_fingerprint(self._root / path)

    def file_of(self, index: int) -> str:
        """The path of an image; see Dataset.file_of."""
        return str(self._root / self._paths[index])

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
        resizing = self.resizing if self._sizes_differ else None
        labels[...] = self._labels[indices]
        for row, index in enumerate(indices.tolist()):
            crop = None if boxes is None else partial(boxes, row)
            path, sound = self._root / self._paths[index], bool(self._sound[index])
            images[row] = decode(path, shape, resizing=resizing, crop=crop, sound=sound)
            self._sound[index] = True


def open_folder(
    root: Path,
    size: tuple[int, int] | None = None,
    skip_corrupt: bool = False,
    colour: bool | None = None,
    resizing: Resizing | None = None,
) -> Loaded:
    """The training and the test images below `root`, and those of validation where there is a folder of them.

    They come from `root/train`, `root/test` and `root/val` (in any spelling, see splits.py) where there are such.
    Otherwise a hash of each image's path below `root` picks about one in five for testing, the same ones on
    every machine. Classes are the sorted names of the class folders; images in folders below are the class's too.
    Images are read with 3 channels if any of them all has colours, or as `colour` says. Unless `size` = (height,
    width) in pixels is given, the first decides on the size, which all headers are checked against here. With `size`,
    images of other sizes are resized as `resizing` says, see resizing.py: by default they are cropped, unless all
    training images have that size already. What is left out, and what was chosen, is in `notes`.

    Raises DataError for a folder or an image that will not do. An image whose header and end are sound but not its
    pixels is found when it is read; with `skip_corrupt` all images are decoded here instead (which takes as long as
    an epoch of reading), and those that are corrupt are left out and named in `skipped`.
    """
    if size is not None and min(size) < 1:
        raise DataError(f"size is {size[0]} x {size[1]}, must be 1 x 1 pixels or more")
    if resizing is not None and size is None:
        raise DataError(f"resizing is {resizing!r}, but there is no size to resize to; give a size, or leave it out")
    if not os.path.isdir(root):
        raise DataError(f"{root} is not a folder; give a folder that holds one folder of images for each class")
    splits, seen = find_splits(root), Scan()
    classes = tuple(folders(splits.train))
    if len(classes) < 2:
        held = f"only one class folder ({classes[0]})" if classes else "no class folders"
        raise DataError(f"{splits.train} holds {held}, must hold at least 2, each with the images of a class")
    parts = list(_parts(splits, classes, seen))
    looked = [look_at(folder, [entry.path for entry in entries], whole=skip_corrupt) for folder, entries in parts]
    corrupt = {path: error for found in looked for path, error in found.errors.items()}
    if corrupt and not skip_corrupt:
        raise refusal(corrupt, sum(len(entries) for _, entries in parts))
    sound = [
        [entry for entry, good in zip(entries, found.sound.tolist(), strict=True) if good]
        for (_, entries), found in zip(parts, looked, strict=True)
    ]
    if not all(sound):
        raise DataError(
            f"{root} holds {sum(map(len, sound))} images, too few to test on one in {TEST_PART}; "
            "add images, or put them into train and test folders"
        )
    (train_root, train), whole = parts[0], looked[0]
    _check_classes(train_root, sound[0], classes, {path.parent for path in corrupt})
    first = min((number for number, good in enumerate(whole.sound) if good), key=lambda number: train[number].path)
    shape = _shape(whole.shapes[first])
    if size is None:
        for (folder, entries), found in zip(parts, looked, strict=True):
            _check_sizes(folder, entries, found.shapes, shape, train_root / train[first].path)
    found_channels = np.concatenate([found.shapes[found.sound, 2] for found in looked])
    channels = int(found_channels.max()) if colour is None else 3 if colour else 1
    shape = (*(size or shape[:2]), channels)
    notes = (*splits.notes, *seen.notes(), *(_mixed(found_channels) if colour is None else ()))
    resizing = _resizing(whole, shape) if resizing is None else find_resizing(resizing)
    return Loaded(
        *(
            FolderDataset(
                *(str(root), folder, entries, shape, classes, resizing, size is not None, tuple(found.errors), notes),
                sound=skip_corrupt,
            )
            for (folder, _), entries, found in zip(parts, sound, looked, strict=True)
        )
    )


def _parts(splits: Splits, classes: tuple[str, ...], seen: Scan) -> Iterator[tuple[Path, list[Entry]]]:
    """The folder and the images of training, test and, where there is a folder for it, validation."""
    train = _entries(splits.train, classes, classes, seen)
    if splits.test is None:
        yield splits.train, [entry for entry in train if not is_for_testing(entry.path)]
        yield splits.train, [entry for entry in train if is_for_testing(entry.path)]
        return
    yield splits.train, train
    for folder in (splits.test, splits.validation):
        if folder is None:
            continue
        for name in folders(folder):
            if name not in classes:
                raise DataError(
                    f"{folder / name} is a class that {splits.train} lacks (it has {', '.join(classes)}); "
                    "rename or remove it"
                )
        yield folder, _entries(folder, tuple(folders(folder)), classes, seen)


def _resizing(train: Looked, shape: tuple[int, int, int]) -> Resizing:
    """How images become examples of `shape`: where none to train on has another size, whole ones are seen."""
    return CROP if (train.shapes[train.sound, :2] != shape[:2]).any() else WHOLE


def _mixed(channels: NDArray[np.int32]) -> tuple[str, ...]:
    """The line on images of which some have colours, and some not."""
    grey = int((channels == 1).sum())
    if grey in (0, len(channels)):
        return ()
    return (
        f"read in colour, as {len(channels) - grey:,} of {len(channels):,} images have colours and {grey:,} are grey; "
        "--grey (colour=False) reads all in grey",
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


def _entries(root: Path, names: tuple[str, ...], classes: tuple[str, ...], seen: Scan) -> list[Entry]:
    """All images of the classes `names`, in an order that mixes them but depends on names only."""
    entries = []
    for name in names:
        found = scan(root / name)
        if not found.paths:
            raise DataError(
                f"{root / name} holds no images ({', '.join(sorted(SUFFIXES))}){_other(found)}; put the class's there, "
                "or remove the folder"
            )
        seen.add(found)
        entries += [Entry(f"{name}/{image}", classes.index(name)) for image in found.paths]
    return sorted(entries, key=lambda entry: (_digest(entry.path), entry.path))


def _other(found: Scan) -> str:
    """Files that a folder without images holds, where it holds any."""
    return f", but other files: {found.kinds()}" if found.others else ""


def _shape(row: NDArray[np.int32]) -> tuple[int, int, int]:
    height, width, channels = row.tolist()
    return height, width, channels


def _size(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def is_for_testing(path: str) -> bool:
    """Whether the image at a path below the root is one in TEST_PART: the same on every machine."""
    return _digest(path) % TEST_PART == 0


def _digest(path: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(os.fsencode(path), digest_size=8).digest(), "big")
