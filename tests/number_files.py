"""Tables and arrays that tests train on: what is to be predicted follows from the features."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COUNT = 120
NAMES = ("width", "height", "weight")
TABLE = ["--hidden", "16", "--batch", "20", "--lr", "0.01", "--threads", "1"]


def features(seed: int = 0, count: int = COUNT) -> NDArray[np.float64]:
    """Numbers of three scales (count, 3)."""
    return np.random.default_rng(seed).normal(size=(count, 3)) * [1.0, 100.0, 0.01] + [5.0, 0.0, 1.0]


def kinds(x: NDArray[np.float64]) -> list[str]:
    """A class for each row, by the sum of its numbers in their scales."""
    return [("light", "middle", "heavy")[int(np.digitize(total, (-0.7, 0.7)))] for total in sums(x)]


def sums(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of each row's numbers in their scales."""
    return ((x - [5.0, 0.0, 1.0]) / [1.0, 100.0, 0.01]).sum(axis=1)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> Path:
    """A CSV file."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header, *rows])
    return path


def classes_table(path: Path, seed: int = 0, count: int = COUNT, delimiter: str = ",") -> Path:
    """A table with a label of texts, `kind`."""
    x = features(seed, count)
    rows = [[*row, kind] for row, kind in zip(x.tolist(), kinds(x), strict=True)]
    return write_table(path, (*NAMES, "kind"), rows, delimiter)


def numbers_table(path: Path, seed: int = 0, count: int = COUNT) -> Path:
    """A table with two labels of numbers of other scales, `price` and `age`."""
    x = features(seed, count)
    total = sums(x)
    rows = [[*row, 1e5 + 2e4 * value, 3 - value] for row, value in zip(x.tolist(), total.tolist(), strict=True)]
    return write_table(path, (*NAMES, "price", "age"), rows)


def labels_table(path: Path, seed: int = 0, count: int = COUNT) -> Path:
    """A table with two labels of 0 and 1, `wide` and `high`."""
    x = features(seed, count)
    rows = [[*row, int(row[0] > 5), int(row[1] > 50)] for row in x.tolist()]
    return write_table(path, (*NAMES, "wide", "high"), rows)
