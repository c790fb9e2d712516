"""Learned cost models: a graph network over cells, trained in PyTorch on a sweep's times, which answers in NumPy.

It learns what the analytic model of a device says, so it is as good as that at best; on measured times of a user's
device it is trained alike (a Sweep of those times).
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from linocut.devices.costmodel.learning import Trained, check, curve, train
from linocut.devices.costmodel.model import CostModel, load
from linocut.devices.costmodel.scores import LinearLaw, Score, spearman
from linocut.ops.bits import Array

__all__ = ["CostModel", "LinearLaw", "Score", "Trained", "check", "curve", "load", "predict", "spearman", "train"]


def predict(model: CostModel | str | os.PathLike[str], cells: NDArray[np.void]) -> Array:
    """Milliseconds of the networks of (cells,), as nasbench.cells() gives them, on each device of a model or its file.

    (cells, devices) float64; 10,000 cells take an eighth of a second of one core. SpecError for what is no array
    of cells, RunError for a file that is none or damaged.
    """
    return (model if isinstance(model, CostModel) else load(model)).predict(cells)
