"""The offset planner: blocks with lifetimes in, offsets out. Blocks that live at the same time never overlap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linocut.compile.placement.lifetimes import Lifetime, Part, live_bytes

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray

NEAR_ENOUGH = 1.005
HIGH = 0.99  # instructions at which nearly as much is live as anywhere
LEAST_TRIES, MOST_TRIES = 32, 256
MANY = 600  # blocks that are quicker placed by arrays
MOST_OFFSET = 2**62  # bytes that these can count
PATIENCE = 40_000_000  # pairs of parts of blocks that are looked at before the best so far is taken


def place(blocks: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Offsets by buffer number, and the bytes that the whole takes.

    What lives throughout comes first, side by side: among the others it would only stand in the way. Programs that were
    placed a short time ago are not placed again, as trials compile one network after another.
    """
    offsets, total = _placed(tuple(blocks))
    return dict(offsets), total


@lru_cache(maxsize=8)
def _placed(blocks: tuple[Lifetime, ...]) -> tuple[dict[int, int], int]:
    begin, end = min((b.first for b in blocks), default=0), max((b.last for b in blocks), default=0)
    offsets, above = {}, 0
    for block in blocks:
        if (block.first, block.last) == (begin, end) and not block.several:
            offsets[block.buffer] = above
            above += block.size
    passing, more = _place_passing([b for b in blocks if b.buffer not in offsets])
    return offsets | {buffer: above + offset for buffer, offset in passing.items()}, above + more


def _place_passing(blocks: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Best fit in several orders (first what lives where most is live, large first, long-lived first, by appearance).

    If none comes near the lower bound, a fixed number of changes to the best order (always the same ones) are tried,
    each from the best so far, and the smallest arena is kept.
    """
    levels = live_bytes(blocks)
    least = max(levels, default=0)
    high = [number for number, level in enumerate(levels) if level >= least * HIGH]
    orders: list[Callable[[Lifetime], tuple[int, ...]]] = [
        lambda b: _at_the_peak(b, high),
        lambda b: (-b.size, b.first),
        lambda b: (b.first - b.last, -b.size),
        lambda b: (b.first - b.last > -len(blocks), -b.size * (b.last - b.first + 1)),
        lambda b: (b.first, -b.size),
    ]
    best_order = sorted(blocks, key=orders[0])
    best = _best_fit(best_order)
    for key in orders[1:]:
        if best[1] == least:
            return best
        order = sorted(blocks, key=key)
        tried = _best_fit(order)
        if tried[1] < best[1]:
            best, best_order = tried, order
    if best[1] <= least * NEAR_ENOUGH:
        return best
    from random import Random  # late: most programs are placed without

    shuffle = Random(0)
    pairs = sum(len(block.parts) for block in blocks) ** 2
    for number in range(min(MOST_TRIES, max(LEAST_TRIES, PATIENCE // max(1, pairs)))):
        if best[1] <= least * NEAR_ENOUGH:
            break
        order = _changed(best_order, best, number, shuffle)
        tried = _best_fit(order)
        if tried[1] <= best[1]:
            best, best_order = tried, order
    return best


def _at_the_peak(block: Lifetime, high: Sequence[int]) -> tuple[int, ...]:
    """Before all others what is live at one of these instructions: long-lived first, then what lives by parts."""
    if all(bisect_left(high, part.first) == bisect_right(high, part.last) for part in block.parts):
        return (2, block.first - block.last, -block.size)
    return (1, -block.size, 0) if block.several else (0, block.first - block.last, -block.size)


def _changed(
    order: Sequence[Lifetime], fit: tuple[dict[int, int], int], number: int, shuffle: Random
) -> list[Lifetime]:
    """In turn: the topmost block earlier, two of the first blocks swapped, any two blocks swapped."""
    changed, (offsets, total) = list(order), fit
    if number % 3 == 0:
        top = next(n for n, block in enumerate(order) if offsets[block.buffer] + block.size == total)
        changed.insert(shuffle.randrange(top + 1), changed.pop(top))
        return changed
    reach = max(1, len(order) // 8) if number % 3 == 1 else len(order)
    one, other = shuffle.randrange(reach), shuffle.randrange(reach)
    changed[one], changed[other] = changed[other], changed[one]
    return changed


def _best_fit(order: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Each block in turn in the tightest gap among those that live at the same time, or above them all."""
    many = len(order) > MANY and sum(block.size for block in order) < MOST_OFFSET
    placed = _ManyPlaced(sum(len(block.parts) for block in order)) if many else _Placed()
    offsets, total = {}, 0
    for block in order:
        offset = placed.place_of(block)
        for part in block.parts:
            placed.put(offset + part.at, part)
        offsets[block.buffer] = offset
        total = max(total, offset + block.size)
    return offsets, total


class _Placed:
    """Parts in their places, sorted by offset."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, Part]] = []

    def place_of(self, block: Lifetime) -> int:
        """Where a block fits."""
        if block.several:
            return _lowest((part, self._beside(part.first, part.last)) for part in block.several)
        best_offset, best_room, top = -1, -1, 0
        for offset, end in self._beside(block.first, block.last):
            room = offset - top
            if room >= block.size and (best_room < 0 or room < best_room):
                best_offset, best_room = top, room
            top = max(top, end)
        return best_offset if best_room >= 0 else top

    def put(self, offset: int, part: Part) -> None:
        """Take these bytes."""
        insort(self._parts, (offset, part), key=lambda entry: entry[0])

    def _beside(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Where what lives at the same time begins and ends, in order."""
        for offset, other in self._parts:
            if other.last >= first and last >= other.first:
                yield offset, offset + other.size


class _ManyPlaced:
    """The same in arrays, for many blocks: the rows are offset, end, first and last instruction."""

    def __init__(self, most: int) -> None:
        self._rows, self._count = np.zeros((4, most), np.int64), 0

    def place_of(self, block: Lifetime) -> int:
        """Where a block fits."""
        if block.several:
            pairs = ((part, self._beside(part.first, part.last).T.tolist()) for part in block.several)
            return _lowest(pairs)
        rooms, ends = self._beside(block.first, block.last)
        if not rooms.size:
            return 0
        tops = np.maximum.accumulate(ends)
        rooms[1:] -= tops[:-1]
        wide = np.flatnonzero(rooms >= block.size)
        if not wide.size:
            return int(tops[-1])
        place = int(wide[rooms[wide].argmin()])
        return int(tops[place - 1]) if place else 0

    def put(self, offset: int, part: Part) -> None:
        """Take these bytes."""
        at = int(np.searchsorted(self._rows[0, : self._count], offset, side="right"))
        self._rows[:, at + 1 : self._count + 1] = self._rows[:, at : self._count]
        self._rows[:, at] = offset, offset + part.size, part.first, part.last
        self._count += 1

    def _beside(self, first: int, last: int) -> NDArray[np.int64]:
        """Where what lives at the same time begins and ends, in order: two rows."""
        placed = self._rows[:, : self._count]
        return placed[:2, (placed[3] >= first) & (placed[2] <= last)]


def _lowest(beside: Iterable[tuple[Part, Iterable[tuple[int, int]]]]) -> int:
    """The lowest place of a block of several parts, each of which keeps clear of what lives beside it."""
    taken = sorted((begin - part.at - part.size, end - part.at) for part, others in beside for begin, end in others)
    lowest = 0
    for below, above in taken:  # no place between these, both excluded
        if below < lowest < above:
            lowest = above
    return lowest
