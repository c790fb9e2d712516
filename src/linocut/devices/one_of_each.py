"""The exact best choice of one option for each of several things: the most gain for every cost, and within a budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linocut.devices.pareto import pareto
from linocut.ops.bits import Array

MOST_STATES = 500_000  # sums that are followed side by side
PARTS = 1000  # of the span of all costs, to which they are rounded up where there would be more


@dataclass(frozen=True)
class Front:
    """The choices that nothing beats, the cheapest first: `costs` and `gains` (n,), `picks` (n, things) of options.

    `exact` says that every choice was looked at as it is, not with costs rounded up to a thousandth of their span.
    """

    costs: Array
    gains: Array
    picks: Array
    exact: bool

    def within(self, room: float) -> int | None:
        """The place of the best choice whose cost is `room` or less, None where there is none."""
        found = int(np.searchsorted(self.costs, room, side="right"))
        return found - 1 if found else None


def best_of_each(
    costs: Sequence[Sequence[int]], gains: Sequence[Sequence[float]], most: int = MOST_STATES, parts: int = PARTS
) -> Front:
    """All choices of one option for each thing that no other beats in the sums of both.

    `costs` are whole numbers, also below 0, and `gains` any; both have a list of options for each thing. A dynamic
    programme: the sums of the first things that none beats are followed to the next (Nemhauser & Ullmann, 1969). Where
    more than `most` would be, costs are rounded up to a part of their span, so that a budget still holds.
    """
    found = _followed(costs, gains, most)
    if found is not None:
        return Front(*found, True)
    unit = max(1, math.ceil(sum(max(of) - min(of) for of in costs) / parts))
    coarse = [[min(of) + -(-(one - min(of)) // unit) * unit for one in of] for of in costs]
    again = _followed(coarse, gains, None)
    assert again is not None
    return Front(*again, False)


def _followed(
    costs: Sequence[Sequence[int]], gains: Sequence[Sequence[float]], most: int | None
) -> tuple[Array, Array, Array] | None:
    """Sums and picks after the last thing; None where more than `most` stand side by side."""
    spent, gained = np.zeros(1, np.int64), np.zeros(1)
    steps: list[tuple[Array, Array]] = []
    for of, brings in zip(costs, gains, strict=True):
        every = (spent[:, None] + np.array(of, np.int64)).ravel()
        sums = (gained[:, None] + np.array(brings, np.float64)).ravel()
        order = pareto(every, sums)
        if most is not None and len(order) > most:
            return None
        spent, gained = every[order], sums[order]
        steps.append((order // len(of), order % len(of)))
    picks = np.zeros((len(spent), len(steps)), np.int64)
    at = np.arange(len(spent))
    for number in reversed(range(len(steps))):
        before, option = steps[number]
        picks[:, number] = option[at]
        at = before[at]
    return spent, gained, picks
