"""Summary: what there is to train and to test on: the examples of every class, and what is worth knowing of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.dataset import Dataset
from linocut.data.resizing import CROP

if TYPE_CHECKING:
    from linocut.data.dataset import Resizing
    from linocut.data.form import Form

HANDFUL = 10  # with fewer examples little is learned of a class
MOST_CLASSES = 100  # with more of them, a line names only the smallest and the largest
MOST_NAMED = 5


@dataclass(frozen=True)
class Summary:
    """Of the parts of a data set; `train`, `test` and `validation` count the examples of each class.

    They are None where that is not known, or where there is no such part.

    Printed it is one line; `few` are further ones.
    """

    name: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    resizing: Resizing
    train: tuple[int, ...] | None
    test: tuple[int, ...] | None
    validation: tuple[int, ...] | None = None
    form: Form | None = None

    @staticmethod
    def of(train: Dataset, test: Dataset, validation: Dataset | None = None) -> Summary:
        """Count; nothing but labels is read."""
        return Summary(
            *(train.name, tuple(train.shape), tuple(train.classes), train.resizing),
            *(_counts(train), _counts(test), None if validation is None else _counts(validation), train.form),
        )

    def __str__(self) -> str:
        """The counts, and what examples are."""
        parts = [
            f"{what} {_listed(self.classes, counts)}"
            for what, counts in (
                ("to train on", self.train),
                ("to validate on", self.validation),
                ("to test on", self.test),
            )
            if counts is not None
        ]
        return f"{self.name}: " + "; ".join([*parts, *self.form_of_examples()])

    def form_of_examples(self) -> Iterator[str]:
        """What an example is: the size of images, how numbers or recordings are read; nothing of other arrays."""
        if len(self.shape) == 3 and self.shape[2] in (1, 3):
            height, width, channels = self.shape
            cropped = ", the middle of larger ones" if self.resizing == CROP else ""
            yield f"images {height} x {width} in {'grey' if channels == 1 else 'colour'}{cropped}"
        if self.form is not None:
            yield str(self.form)

    def range_of_classes(self) -> Iterator[str]:
        """How many classes there are, of how many examples to train on; nothing where that is not known."""
        if self.train is not None:
            yield _range(self.classes, self.train)

    def few(self) -> Iterator[str]:
        """A line on classes with few examples to train on, and one on those with none to test on."""
        if self.train is not None:
            few = [(name, count) for name, count in zip(self.classes, self.train, strict=True) if count < HANDFUL]
            if few:
                yield f"few examples to train on, fewer than {HANDFUL}: {_named([f'{n} {c:,}' for n, c in few])}"
        if self.test is not None:
            none = [name for name, count in zip(self.classes, self.test, strict=True) if not count]
            if none:
                yield f"no examples to test on: {_named(none)}"


def left_out_of_epochs(examples: int, batch: int) -> str | None:
    """A line where the last batch of an epoch would not be full, and is left out."""
    left = examples % batch
    if not left or examples < batch:
        return None
    return f"an epoch leaves out {left:,} of {examples:,} examples, others each time: they fill no batch of {batch:,}"


def _counts(dataset: Dataset) -> tuple[int, ...] | None:
    labels = dataset.labels
    if labels is None or dataset.targets:
        return None
    return tuple(np.bincount(labels, minlength=len(dataset.classes)).tolist())


def _listed(classes: tuple[str, ...], counts: tuple[int, ...]) -> str:
    """Every class and its count, or the smallest and the largest of many."""
    if len(classes) <= MOST_CLASSES:
        return ", ".join(f"{name} {count:,}" for name, count in zip(classes, counts, strict=True))
    return _range(classes, counts)


def _range(classes: tuple[str, ...], counts: tuple[int, ...]) -> str:
    """How many classes there are, and the smallest and the largest of them."""
    least, most = min(counts), max(counts)
    if least == most:
        return f"{len(classes):,} classes of {least:,}"
    smallest, largest = classes[counts.index(least)], classes[counts.index(most)]
    return f"{len(classes):,} classes of {least:,} ({smallest}) to {most:,} ({largest})"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
