"""digits: the UCI handwritten digits, 8 x 8, kept inside the package; licence in digits/README.txt."""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np

from linocut.data.arrays import ArrayDataset
from linocut.data.dataset import Dataset

COUNT = 1797
TRAIN = 1500  # the file goes writer by writer, so the last 297 digits are by other hands than most of these
CLASSES = tuple("0123456789")
FILES = ("digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz")


def open_digits() -> tuple[Dataset, Dataset]:
    """1,500 training and 297 test images, u8 (8, 8, 1), in the file's order; 115 kB, held in memory."""
    folder = files("linocut.data") / "digits"
    content = [gzip.decompress((folder / name).read_bytes()) for name in FILES]
    images = np.frombuffer(content[0], np.uint8, offset=16).reshape(COUNT, 8, 8, 1)
    labels = np.frombuffer(content[1], np.uint8, offset=8)
    train = ArrayDataset(images[:TRAIN], labels[:TRAIN], CLASSES, "digits")
    test = ArrayDataset(images[TRAIN:], labels[TRAIN:], CLASSES, "digits")
    train.handed = test.handed = True
    return train, test
