"""DataFacts: what is kept of the data of a run, to know them again, wherever they lie by then."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from linocut import fields
from linocut.data.content import DIGITS, Content, content_of
from linocut.data.dataset import NUMPY_DTYPES, Dataset, Resizing
from linocut.data.form import SOUND, Form
from linocut.data.registry import resizing_of
from linocut.data.resizing import CROP, find_resizing
from linocut.errors import RunError, SpecError, one_line
from linocut.layers.input import MOST_SIZES

MOST_CHANGES = 5  # classes, in a message


@dataclass(frozen=True)
class DataFacts:
    """What is kept of a data set, to know it again: it must be the same one for a run to go on.

    `resizing` is how pictures become its examples, None where an older checkpoint does not say it and it cannot be
    known. `content` is that of each class of a data set that is known by its path, or of recordings, which may change:
    None where a name says all, or an older checkpoint nothing. Of a part that validation took from or left it is that
    of the whole. `form` is how files of numbers are read, None of other data.
    """

    name: str
    examples: int
    shape: tuple[int, ...]
    dtype: str
    classes: tuple[str, ...]
    resizing: Resizing | None = None
    content: tuple[Content, ...] | None = None
    form: Form | None = None

    @staticmethod
    def of(dataset: Dataset) -> DataFacts:
        """The facts of a data set; of one that may change all examples are looked at, once."""
        return DataFacts(
            *(dataset.name, len(dataset), tuple(dataset.shape), dataset.dtype, tuple(dataset.classes)),
            *(dataset.resizing, content_of(dataset) if _may_change(dataset) else None, dataset.form),
        )

    def check_same(self, other: DataFacts) -> None:
        """RunError, with what is otherwise, for other data than the run's."""
        if changes := self.changes(other):
            raise RunError(
                f"the run was on {self}, not on {other}; give it the same data, or begin another run from it: "
                + "; ".join(changes)
            )

    def changes(self, other: DataFacts) -> list[str]:
        """What is otherwise in the `other`, for people: nothing where both are of one content, or else of one name."""
        return list(self._changes(other))

    def _changes(self, other: DataFacts) -> Iterator[str]:
        known = self.content is not None and other.content is not None
        if not known and self.name != other.name:
            yield f"it is {one_line(other.name)}, was {one_line(self.name)}"
        if self.classes != other.classes:
            yield from _renamed(self.classes, other.classes)
        elif self.content is not None and other.content is not None:
            by_class = len(self.content) == len(other.content) == len(self.classes)
            yield from _changed(self.classes if by_class else ("",), self.content, other.content)
        unsaid = self.resizing is None or other.resizing is None
        for what, before, after in (
            ("examples", self.examples, other.examples),
            ("shape", self.shape, other.shape),
            ("dtype", self.dtype, other.dtype),
            ("form", self.form, other.form),
            ("resizing", None if unsaid else self.resizing, None if unsaid else other.resizing),
        ):
            if before != after:
                yield f"{what}: {after}, before {before}"

    def to_dict(self) -> dict[str, Any]:
        """All of them, for a file."""
        said = dataclasses.asdict(self)
        return said if self.form else {name: value for name, value in said.items() if name != "form"}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> DataFacts:
        """What `to_dict` gave, through JSON; SpecError for anything else.

        Checkpoints of before pictures could be resized in two ways do not say how, those of versions 1 to 3 no content.
        """
        if isinstance(data, dict):
            data = {"resizing": None, "content": None, "form": None, **data}
        fields.described(data, DataFacts, "data")
        name, dtype = fields.text(data["name"], "data name"), fields.text(data["dtype"], "data dtype")
        if dtype not in NUMPY_DTYPES:
            raise SpecError(f"data dtype is {dtype!r}, must be {' or '.join(NUMPY_DTYPES)}")
        sizes = fields.entries(data["shape"], "data shape")
        if len(sizes) > MOST_SIZES:
            raise SpecError(f"data shape has {len(sizes):,} sizes, must have {MOST_SIZES} or fewer")
        return DataFacts(
            name,
            fields.whole(data["examples"], "data examples", 1),
            tuple(fields.whole(size, "data shape", 1) for size in sizes),
            dtype,
            tuple(fields.text(one, "a data class") for one in fields.entries(data["classes"], "data classes")),
            resizing_of(name) if data["resizing"] is None else find_resizing(data["resizing"]),
            None if data["content"] is None else tuple(map(_content, fields.entries(data["content"], "data content"))),
            None if data["form"] is None else Form.from_dict(data["form"]),
        )

    def __str__(self) -> str:
        """The facts, for people."""
        shape = " x ".join(map(str, self.shape))
        cropped = ", of larger images" if self.resizing == CROP else ""
        examples = f"{self.examples:,} examples of {shape} {self.dtype}{cropped}"
        return f"{one_line(self.name)} ({examples}, {len(self.classes)} classes)"


def _may_change(dataset: Dataset) -> bool:
    """Whether the name does not say all: it is a path, or of recordings, of which no files have checksums."""
    return os.path.isabs(dataset.name) or (dataset.form is not None and dataset.form.kind == SOUND)


def _content(given: object) -> Content:
    data = fields.described(given, Content, "the content of a class")
    digest = fields.text(data["digest"], "digest")
    if len(digest) != DIGITS:
        raise SpecError(f"digest has {len(digest)} digits, must have {DIGITS}")
    return Content(fields.whole(data["examples"], "examples of a class"), digest)


def _changed(classes: tuple[str, ...], before: tuple[Content, ...], after: tuple[Content, ...]) -> Iterator[str]:
    """The classes whose examples are others, or more or fewer; of "", all examples together, how many is told apart."""
    found = [(name, own, new) for name, own, new in zip(classes, before, after, strict=False) if own != new]
    for name, own, new in found[:MOST_CHANGES]:
        of = f" of class {one_line(name)}" if name else ""
        if own.examples != new.examples and not name:
            continue
        if own.examples != new.examples:
            yield f"{new.examples:,} examples{of}, before {own.examples:,}"
        else:
            yield f"the {own.examples:,} examples{of} are not all the same"
    if len(found) > MOST_CHANGES:
        yield f"and {len(found) - MOST_CHANGES:,} more classes"


def _renamed(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    """The classes that are there no more, and those that are new."""
    for what, names in (
        ("classes are gone", [name for name in before if name not in after]),
        ("classes are new", [name for name in after if name not in before]),
    ):
        if names:
            yield f"{what}: {one_line(', '.join(names))}"
    if set(before) == set(after):
        yield "the classes are in another order"
