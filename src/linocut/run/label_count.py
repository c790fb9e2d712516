"""label_count: labels that were read in sequences beside their own: edit distances, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linocut.run.best_path import labels_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelErrors:
    """Over some sequences: labels inserted, left out and put in the place of others, and how many there are."""

    distance: int
    labels: int
    sequences: int
    right: int  # sequences without an error

    @property
    def rate(self) -> float:
        """Errors a label: of phones the phone error rate."""
        return self.distance / max(1, self.labels)


class LabelCount:
    """What is counted of sequences, batch by batch, in memory that they do not add to."""

    def __init__(self, classes: Sequence[str]) -> None:
        """Nothing counted yet, of labels that are called so."""
        self._fold = folding(classes)
        self.errors = LabelErrors(0, 0, 0, 0)

    def add(self, outputs: NDArray[np.float32], examples: NDArray[np.float32], truth: NDArray[np.float32]) -> None:
        """Count outputs (n, steps, classes) of examples (n, steps, features), beside their labels (n, labels)."""
        for found, own in zip(labels_of(outputs, examples), truth, strict=True):
            wanted, before = self._fold(own[own >= 0].astype(int).tolist()), self.errors
            wrong = edit_distance(self._fold(found), wanted)
            self.errors = LabelErrors(
                before.distance + wrong,
                before.labels + len(wanted),
                before.sequences + 1,
                before.right + (wrong == 0),
            )


def folding(classes: Sequence[str]) -> Callable[[list[int]], list[int]]:
    """What classes count as: themselves, or of TIMIT's phones those of 39, without the glottal stop."""
    from linocut.data import timit  # late: what reads recordings, which few trainings need

    if tuple(classes) != timit.PHONES:
        return lambda labels: labels
    names = [timit.FOLDED.get(name, name) for name in classes]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return lambda labels: [numbers[names[one]] for one in labels if names[one] is not None]


def edit_distance(found: Sequence[int], wanted: Sequence[int]) -> int:
    """The fewest insertions, deletions and substitutions between them (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for at, one in enumerate(found, start=1):
        before, row[0] = row[0], at
        for place, other in enumerate(wanted, start=1):
            before, row[place] = row[place], min(before + (one != other), row[place] + 1, row[place - 1] + 1)
    return row[-1]
