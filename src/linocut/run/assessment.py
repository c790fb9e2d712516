"""Assessment: how a network did on examples, class by class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linocut.errors import one_line
from linocut.sizes import show_loss
from linocut.tables import percent, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ROWS = 100  # of classes in the table for people; of more, the worst are shown
WORST = 20


@dataclass(frozen=True)
class ClassScore:
    """Of one class: `precision`, the fraction of what was taken for it that is; `recall`, that of it that was found.

    `f1` is their harmonic mean, `support` how many examples are of the class. What would divide by none is None:
    precision where nothing was taken for the class, recall where it has no example.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int

    @staticmethod
    def of(name: str, right: int, taken: int, support: int) -> ClassScore:
        """By how many examples of the class were found, how many taken for it, how many there are."""
        return ClassScore(
            *(name, _ratio(right, taken), _ratio(right, support), _ratio(2 * right, taken + support)), support
        )


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction: the example by its place in the data, and by its `file` where it is one; the classes' names.

    `confidence` is the probability that the network gave to the class that it predicted.
    """

    index: int
    file: str | None
    true: str
    predicted: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Assessment:
    """How a network did: the mean loss, accuracy (the fraction that it got right), and how it did on each class.

    `top_k` has, for k, the fraction whose class is among the k likeliest: for 5 where there are more classes.
    `confusion` (classes, classes) int64 counts examples by their class (rows) and the predicted one (columns), in the
    order of `per_class`; None where an example may have several labels, and of more than MOST_CROSSED classes (see
    tally.py). `errors` are the most confident mistakes, as many as were asked for. Of a regression there is
    the loss only. Printed it is a line, and a table of the classes.
    """

    accuracy: float | None
    loss: float
    examples: int
    top_k: dict[int, float]
    per_class: tuple[ClassScore, ...]
    confusion: NDArray[np.int64] | None
    errors: tuple[Mistake, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut eval --json` prints."""
        found: dict[str, Any] = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        found["top_k"] = {str(k): part for k, part in self.top_k.items()}
        found["per_class"] = [dataclasses.asdict(score) for score in self.per_class]
        found["confusion"] = None if self.confusion is None else self.confusion.tolist()
        found["errors"] = [dataclasses.asdict(mistake) for mistake in self.errors]
        return found

    @property
    def line(self) -> str:
        """Accuracy, top-k and loss, for people."""
        parts = [] if self.accuracy is None else [f"accuracy {self.accuracy:.2%}"]
        parts += [f"top-{k} {part:.2%}" for k, part in self.top_k.items()]
        return "  ".join([*parts, f"loss {show_loss(self.loss)}"])

    def __str__(self) -> str:
        """The line, and the table of the classes."""
        return "\n".join(
            [f"{self.line}  on {self.examples:,} examples", *(["", *self.by_class()] if self.per_class else [])]
        )

    def by_class(self) -> list[str]:
        """The table: a line for each class, and the means over the classes; of very many classes the worst."""
        shown = self.per_class
        if len(shown) > MOST_ROWS:
            shown = tuple(sorted(shown, key=lambda score: (score.f1 is None, score.f1 or 0.0))[:WORST])
        means = [_mean([getattr(score, name) for score in self.per_class]) for name in ("precision", "recall", "f1")]
        cells = [
            ("class", "precision", "recall", "F1", "support"),
            *(_cells(one_line(score.name, LONGEST_NAME), score) for score in shown),
            ("mean of classes", *map(percent, means), f"{self.examples:,}"),
        ]
        lines = table(cells, left=1, rules=(1, len(cells) - 1))
        if len(shown) < len(self.per_class):
            lines.append(f"of {len(self.per_class):,} classes the {len(shown)} of the lowest F1; --json has all")
        return lines


LONGEST_NAME = 40  # characters of a class's name in a table


def _cells(name: str, score: ClassScore) -> tuple[str, ...]:
    return (name, percent(score.precision), percent(score.recall), percent(score.f1), f"{score.support:,}")


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: list[float | None]) -> float | None:
    """Over those that there are."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
