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
        self._place: Path | None = None

    def hold(self, graph: InferenceGraph) -> None:
        """It is this one, in no folder."""
        self._held, self._place = graph, None

    def lies_in(self, place: Path) -> None:
        """It was written there."""
        self._held, self._place = None, place

    def is_in(self, place: Path) -> bool:
        """Whether it lies there, and need not be written."""
        return self._place == place

    def check(self) -> None:
        """RunError where the file that it lay in is gone."""
        if self._place is not None and not os.path.isfile(self._place / packed.NAME):
            raise RunError(
                f"{self._place} has lost its {packed.NAME}, which kept the model of the best epoch; put it back, or "
                "begin another run"
            )

    def graph(self) -> InferenceGraph:
        """It, read from its file where it is not held; RunError where that is gone or damaged."""
        if self._held is not None:
            return self._held
        assert self._place is not None, "the model of the best epoch was kept nowhere"
        self.check()
        return packed.read(self._place / packed.NAME).graph
