"""The exact best choice of what to keep: the most gain within a size, each thing whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from linocut.errors import SpecError

MOST_STATES = 5_000_000  # sums that are looked at side by side
MOST_BITS = 2**33  # of sums as bits, of all things together: 1 GiB
TRIED = 32  # sums that are filled up greedily after each thing, for what can be had
EQUAL = 1e-12  # of gains: a relative difference that is rounding

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def best_kept(sizes: Sequence[int], gains: Sequence[float], room: int) -> tuple[bool, ...]:
    """Whether each thing is kept, so that the gains of those kept are most and their sizes fit in `room`.

    Exact: every sum of sizes is followed that no other beats in size and gain, unless even what is left, cut to
    pieces, could not bring it past the best found (Nemhauser and Ullmann's lists with Dantzig's bound). SpecError
    where more than 5 million sums stand side by side.
    """
    order = [i for i in range(len(sizes)) if gains[i] > 0 and sizes[i] <= room]
    order.sort(key=lambda i: (-gains[i] / sizes[i], sizes[i]) if sizes[i] else (-np.inf, 0))
    weights = np.array([sizes[i] for i in order], np.int64)
    values = np.array([gains[i] for i in order], np.float64)
    if weights.sum() <= room:
        return tuple(i in set(order) for i in range(len(sizes)))
    rates = values / np.maximum(weights, 1)
    alike = bool(weights.all()) and rates.max() - rates.min() <= EQUAL * rates.max()
    alike = alike and room // math.gcd(*weights.tolist()) * len(weights) <= MOST_BITS
    numbers = _fullest(weights.tolist(), room) if alike else _best(weights, values, room)
    kept = {order[number] for number in numbers}
    return tuple(i in kept for i in range(len(sizes)))


def _fullest(weights: list[int], room: int) -> Iterator[int]:
    """The things that fill the room best, where all gain alike for their size: sums as bits of one number."""
    unit = math.gcd(*weights)
    sums, most = [1], room // unit
    for weight in weights:
        sums.append((sums[-1] | sums[-1] << weight // unit) & ((2 << most) - 1))
        if sums[-1].bit_length() == most + 1:
            break
    left = sums[-1].bit_length() - 1
    for number in reversed(range(len(sums) - 1)):
        if not sums[number] >> left & 1:
            left -= weights[number] // unit
            yield number


def _best(weights: Integers, values: Floats, room: int) -> Iterator[int]:
    """The things of the best sum, from the last to the first."""
    found, steps = _lists(weights, values, room)
    for number in reversed(range(len(weights))):
        before, taken = steps[number]
        if taken[found]:
            yield number
        found = int(before[found])


def _lists(weights: Integers, values: Floats, room: int) -> tuple[int, list[tuple[Integers, NDArray[np.bool_]]]]:
    """Which of the last sums is best, and for each thing where its sums came from and whether they took it."""
    ends, tops = np.concatenate([[0], np.cumsum(weights)]), np.concatenate([[0.0], np.cumsum(values)])
    used, gained = np.zeros(1, np.int64), np.zeros(1)
    least = 0.0
    steps = []
    for number in range(len(weights)):
        fits = np.flatnonzero(used + weights[number] <= room)
        both = np.concatenate([used, used[fits] + weights[number]])
        gains = np.concatenate([gained, gained[fits] + values[number]])
        before = np.concatenate([np.arange(len(used)), fits])
        taken = np.arange(len(both)) >= len(used)
        order = np.lexsort((-gains, both))
        best = np.maximum.accumulate(gains[order])
        good = np.concatenate([[True], gains[order][1:] > best[:-1]])  # more than any that is no larger
        order = order[good]
        at = number + 1
        bound = _bound(both[order], gains[order], ends, tops, at, room)
        likely = order[np.argsort(-bound)[:TRIED]]
        least = max(least, _whole(both[likely], gains[likely], weights, values, at, room))
        order = order[bound >= least * (1 - EQUAL)]
        if len(order) > MOST_STATES:
            raise SpecError(
                f"the exact choice of weights to keep follows {len(order):,} sums, at most {MOST_STATES:,}; take the "
                "caching partial or all"
            )
        used, gained = both[order], gains[order]
        steps.append((before[order], taken[order]))
    return int(np.argmax(gained)), steps


def _bound(used: Integers, gained: Floats, ends: Integers, tops: Floats, at: int, room: int) -> Floats:
    """What each sum could come to if things after `at` could be cut, those of most gain for their size first."""
    limit = ends[at] + room - used
    last = np.searchsorted(ends, limit, side="right") - 1
    whole = tops[last] - tops[at]
    more = np.minimum(last + 1, len(ends) - 1)
    size = np.maximum(ends[more] - ends[last], 1)
    return gained + whole + (tops[more] - tops[last]) * np.minimum(1.0, (limit - ends[last]) / size)


def _whole(used: Integers, gained: Floats, weights: Integers, values: Floats, at: int, room: int) -> float:
    """A gain that can be had: each of the sums, and what fits after it, taken greedily."""
    left, total = room - used, gained.copy()
    for weight, value in zip(weights[at:], values[at:], strict=True):
        fits = weight <= left
        left = left - weight * fits
        total = total + value * fits
    return float(total.max())
