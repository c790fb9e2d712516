"""The confusion matrix as a table for people, and the most confident mistakes as another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.errors import SpecError, one_line
from linocut.run.assessment import LONGEST_NAME, Assessment, Mistake
from linocut.run.tally import MOST_CROSSED
from linocut.tables import percent, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NARROW = 80  # columns that any terminal has
SHORT_NAME = 16  # characters of a row's name in a matrix
MEND = "leave out --confusion and --plot"
MOST_PAIRS = 20  # of classes taken for others, where the matrix has no room


def confusion_of(assessment: Assessment) -> NDArray[np.int64]:
    """The matrix; SpecError where there is none."""
    if assessment.confusion is not None:
        return assessment.confusion
    classes = len(assessment.per_class)
    if classes > MOST_CROSSED:
        raise SpecError(
            f"there is no confusion matrix of {classes:,} classes, only of {MOST_CROSSED:,} or fewer; {MEND}"
        )
    what = "an example may have several labels" if classes else "the network is a regression"
    raise SpecError(f"there is no confusion matrix, as {what}; {MEND}")


def confusion_table(assessment: Assessment, width: int = NARROW) -> list[str]:
    """Lines: a row for each class of examples, a column for each predicted class, as names or as numbers.

    Where that is wider than `width` characters, the pairs of classes that are confused most.
    """
    counts = confusion_of(assessment)
    names = [one_line(score.name, SHORT_NAME) for score in assessment.per_class]
    cells = [[str(count) if count else "." for count in row] for row in counts.tolist()]
    numbered = [f"{number} {name}" if name != str(number) else name for number, name in enumerate(names)]
    for head, rows in ((names, names), ([str(number) for number in range(len(names))], numbered)):
        lines = table([("", *head), *((n, *row) for n, row in zip(rows, cells, strict=True))], 1, (1,))
        if max(map(len, lines)) <= max(width, NARROW):
            return ["examples by true class (rows) and predicted class (columns)", *lines]
    return _pairs(counts, assessment)


def _pairs(counts: NDArray[np.int64], assessment: Assessment) -> list[str]:
    names = [one_line(score.name, LONGEST_NAME) for score in assessment.per_class]
    wrong = [
        (-count, true, predicted)
        for true, row in enumerate(counts.tolist())
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    cells: list[tuple[str, ...]] = [("true", "predicted", "examples", "of the class")]
    for count, true, predicted in sorted(wrong)[:MOST_PAIRS]:
        share = percent(-count / assessment.per_class[true].support)
        cells.append((names[true], names[predicted], f"{-count:,}", share))
    left = f"; the {MOST_PAIRS} most frequent of {len(wrong):,} pairs" if len(wrong) > MOST_PAIRS else ""
    title = f"confused classes, as {len(names):,} have no room for a matrix{left}; --plot and --json have all"
    return [title, *table(cells, 2, (1,))] if wrong else ["no class was taken for another"]


def mistakes_table(mistakes: tuple[Mistake, ...]) -> list[str]:
    """Lines: the probability that each mistake was given, its classes, and which example it is."""
    if not mistakes:
        return ["no mistakes"]
    cells: list[tuple[str, ...]] = [("predicted", "true", "probability", "example")]
    for one in mistakes:
        names = (one_line(name, LONGEST_NAME) for name in (one.predicted, one.true))
        cells.append((*names, percent(one.confidence), f"{one.index:,}" if one.file is None else one_line(one.file)))
    return table(cells, 2, (1,))
