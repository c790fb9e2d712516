"""Loaded: the data sets that a name or a folder holds."""

from __future__ import annotations

from typing import NamedTuple

from linocut.data.dataset import Dataset


class Loaded(NamedTuple):
    """What to train on, what to test on at the end, and what to choose by meanwhile, None where there is none."""

    train: Dataset
    test: Dataset
    validation: Dataset | None = None
