"""Masked arrays: NumPy drops their masks in silence when it makes arrays of them, and what is masked becomes data."""

from __future__ import annotations

import sys


def is_masked(given: object) -> bool:
    """Whether an array, or one of a list of them, has elements that are masked."""
    masked = sys.modules.get("numpy.ma")  # who has such an array has loaded it
    if masked is None:
        return False
    some = given if isinstance(given, (list, tuple)) else (given,)
    return any(isinstance(one, masked.MaskedArray) and bool(masked.is_masked(one)) for one in some)
