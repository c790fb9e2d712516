"""CIFAR-10: its binary and its Python version, as folders or archives, under the names that others give them too.

Source: https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from linocut.data import cifar
from linocut.data.dataset import Dataset
from linocut.data.file_names import CIFAR10 as NAMES

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
BINARY, PYTHON, KERAS = NAMES.binary, NAMES.python, NAMES.keras
CIFAR10 = cifar.Cifar(
    title="CIFAR-10",
    labels={"labels": 10},
    train=TRAIN,
    test="test_batch",
    most=10_000,
    homes=(BINARY, PYTHON, f"{KERAS}/{PYTHON}", KERAS, f"cifar-10-python/{PYTHON}", "cifar-10-python"),
    archives={
        "cifar-10-binary.tar.gz": BINARY,
        "cifar-10-python.tar.gz": PYTHON,
        **{f"{PYTHON}{end}": PYTHON for end in (".tar.gz", "-target.tar.gz", "-target_archive")},  # as Keras names it
    },
    binary=BINARY,
)
BATCHES = CIFAR10.files

missing = partial(cifar.missing, CIFAR10)


def open_splits(folder: Path, name: str = "cifar10", cache: Path | None = None) -> tuple[Dataset, Dataset]:
    """The training and the test data in `folder`, u8 (32, 32, 3); see cifar.open_splits."""
    return cifar.open_splits(CIFAR10, folder, name, "labels", CLASSES, cache)
