"""What is to be predicted, as a loss takes it: class numbers, or numbers, from the values that a file holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 20  # more, of few examples each, are numbers


def classes_of(values: Sequence[str], name: str) -> tuple[str, ...]:
    """The different values in order, as numbers where all are whole ones; DataError where there are fewer than two."""
    found = set(values)
    try:
        classes = sorted(found, key=int)
    except ValueError:
        classes = sorted(found)
    if len(classes) < 2:
        raise DataError(f"{name}: all examples are of class {classes[0]!r}; give examples of at least two classes")
    if len(classes) > max(MOST_CLASSES, len(values) // 2):
        raise DataError(
            f"{name} has {len(classes):,} classes for {len(values):,} examples; for numbers give --task regression "
            "(task='regression')"
        )
    return tuple(classes)


def class_numbers(values: Sequence[str], classes: Sequence[str], name: str) -> NDArray[np.int32]:
    """The number of each value (n,); DataError for one that is no class."""
    number = {one: at for at, one in enumerate(classes)}
    for row, value in enumerate(values):
        if value not in number:
            raise DataError(
                f"{name}: example {row:,} is of class {value!r}, which was not trained on (there are "
                f"{', '.join(classes[:20])}); leave it out"
            )
    return np.array([number[value] for value in values], np.int32)


def check_flags(values: NDArray[Any], names: Sequence[str], name: str) -> None:
    """DataError unless the labels (n, labels) of a multi-label task are 0 and 1."""
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row, column = (int(at) for at in np.argwhere(wrong)[0])
        raise DataError(
            f"{name}: label {names[column]} of example {row:,} is {values[row, column]:g}, must be 0 or 1; "
            "write 1 for each label that an example has"
        )
