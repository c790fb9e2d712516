"""Rounds: contenders take turns, so that all of them meet the same machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Name = TypeVar("Name")


def alternated(contenders: Mapping[Name, Callable[[], float]], rounds: int) -> dict[Name, list[float]]:
    """What each contender measured, in every one of `rounds`; a round before them warms up and is not kept."""
    found: dict[Name, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, measure in contenders.items():
            measured = measure()
            if number:
                found[name].append(measured)
    return found
