"""KeptModel: the model of the best epoch, while training goes on from it.

The arena holds the state of the latest epoch only. The model of the best one lies in the run folder, where it was
written when that epoch ended, and is left alone until a better one ends; where no folder is written, its packed form is
held instead: a bit for each binary weight.
"""

from __future__ import annotations

import os
from pathlib import Path

from linocut.errors import RunError
from linocut.export import packed
from linocut.graph.inference import InferenceGraph


class KeptModel:
    """Where the model of the best epoch is."""

    def __init__(self) -> None:
        """Nowhere yet."""
        self._held: InferenceGraph | None = None
        self._places: list[Path] = []
        self._epoch = 0

    def hold(self, graph: InferenceGraph) -> None:
        """It is this one, in no folder."""
        self._held, self._places, self._epoch = graph, [], 0

    def lies_in(self, place: Path, epoch: int) -> None:
        """It was written there, and is that of this epoch: where one of another lies is forgotten."""
        before = self._places if epoch == self._epoch else []
        self._held, self._places, self._epoch = None, [*before, place], epoch

    def is_in(self, place: Path) -> bool:
        """Whether it lies there, and need not be written."""
        return place in self._places

    def check(self) -> Path:
        """A file that it lies in; RunError where there is none any more."""
        for place in self._places:
            if os.path.isfile(place / packed.NAME):
                return place / packed.NAME
        raise RunError(
            f"{self._places[0]} has lost its {packed.NAME}, which kept the model of the best epoch; put it back, or "
            "begin another run"
        )

    def graph(self) -> InferenceGraph:
        """It, read from its file where it is not held; RunError where that is gone or damaged."""
        return packed.read(self.check()).graph if self._held is None else self._held
