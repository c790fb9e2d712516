"""check_path: whether the steps of a sequence suffice for its labels, as CTC reads them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from linocut.errors import DataError


def check_path(labels: Sequence[int], frames: int, name: str) -> None:
    """DataError for a sequence that is too short for its labels: equal ones that follow each other need a blank."""
    needed = len(labels) + sum(a == b for a, b in pairwise(labels))
    if frames < needed:
        raise DataError(f"{name} has {frames:,} frames for {len(labels):,} labels, must have {needed:,}; leave it out")
