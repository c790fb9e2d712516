"""best_path: the labels that the outputs of a network trained by CTC read as, for whole sequences and live streams.

The likeliest class of each step; repeats are one label, the blank, which is the last class, is none (Graves 2006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linocut.layers.losses.base import PATHS
from linocut.ops.sequences import ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from linocut.graph.inference import InferenceGraph


class LabelReader:
    """Reads the outputs of one step after another."""

    def __init__(self) -> None:
        """Nothing has been read yet."""
        self._before: int | None = None

    def read(self, outputs: NDArray[np.float32]) -> int | None:
        """The label that begins with these outputs (classes,); None where the last one goes on, and for a blank."""
        best, before = int(outputs.argmax()), self._before
        self._before = best
        return None if best in (before, len(outputs) - 1) else best


def best_path(logits: NDArray[np.float32]) -> list[int]:
    """The labels of a sequence (steps, classes)."""
    reader = LabelReader()
    return [label for step in logits if (label := reader.read(step)) is not None]


def labels_of(outputs: NDArray[np.float32], examples: NDArray[np.float32]) -> list[list[int]]:
    """Those of each of some sequences: outputs (n, steps, classes) of examples (n, steps, features), to their ends."""
    return [best_path(one[:length]) for one, length in zip(outputs, ends(examples).tolist(), strict=True)]


def reads_labels(graph: InferenceGraph) -> bool:
    """Whether a network's outputs are read so."""
    return graph.logits.function == PATHS
