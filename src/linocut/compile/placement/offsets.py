"""The offset planner: blocks with lifetimes in, offsets out. Blocks that live at the same time never overlap."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linocut.compile.placement.lifetimes import Lifetime, live_bytes

if TYPE_CHECKING:
    from random import Random

NEAR_ENOUGH = 1.005
MOST_TRIES = 256
MANY = 600  # blocks that are quicker placed by arrays
MOST_OFFSET = 2**62  # bytes that these can count
PATIENCE = 40_000_000  # pairs of blocks that are looked at before the best so far is taken


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
        if (block.first, block.last) == (begin, end):
            offsets[block.buffer] = above
            above += block.size
    passing, more = _place_passing([b for b in blocks if b.buffer not in offsets])
    return offsets | {buffer: above + offset for buffer, offset in passing.items()}, above + more


def _place_passing(blocks: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Best fit in several orders (large first, long-lived first, by appearance).

    If none comes near the lower bound, a fixed number of changes to the best order (always the same ones) are tried,
    each from the best so far, and the smallest arena is kept.
    """
    least = max(live_bytes(blocks), default=0)
    orders: list[Callable[[Lifetime], tuple[int, ...]]] = [
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
    for number in range(min(MOST_TRIES, PATIENCE // max(1, len(blocks) ** 2))):
        if best[1] <= least * NEAR_ENOUGH:
            break
        order = _changed(best_order, best, number, shuffle)
        tried = _best_fit(order)
        if tried[1] <= best[1]:
            best, best_order = tried, order
    return best


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
    placed = _ManyPlaced(len(order)) if many else _Placed()
    offsets, total = {}, 0
    for block in order:
        offset = placed.put(block)
        offsets[block.buffer] = offset
        total = max(total, offset + block.size)
    return offsets, total


class _Placed:
    """Blocks in their places, sorted by offset."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, Lifetime]] = []

    def put(self, block: Lifetime) -> int:
        """Place a block; returns its offset."""
        best_offset, best_room, top = -1, -1, 0
        for offset, other in self._blocks:
            if other.last < block.first or block.last < other.first:
                continue
            room = offset - top
            if room >= block.size and (best_room < 0 or room < best_room):
                best_offset, best_room = top, room
            top = max(top, offset + other.size)
        found = best_offset if best_room >= 0 else top
        insort(self._blocks, (found, block), key=lambda entry: entry[0])
        return found


class _ManyPlaced:
    """The same in arrays, for many blocks: the rows are offset, end, first and last instruction."""

    def __init__(self, most: int) -> None:
        self._rows, self._count = np.zeros((4, most), np.int64), 0

    def put(self, block: Lifetime) -> int:
        """Place a block; returns its offset."""
        offsets, ends, firsts, lasts = self._rows[:, : self._count]
        beside = np.flatnonzero((lasts >= block.first) & (firsts <= block.last))
        found = 0
        if beside.size:
            tops = np.maximum.accumulate(ends[beside])
            rooms = offsets[beside]
            rooms[1:] -= tops[:-1]
            wide = np.flatnonzero(rooms >= block.size)
            found = int(tops[-1])
            if wide.size:
                place = int(wide[rooms[wide].argmin()])
                found = int(tops[place - 1]) if place else 0
        at = int(np.searchsorted(offsets, found, side="right"))
        self._rows[:, at + 1 : self._count + 1] = self._rows[:, at : self._count]
        self._rows[:, at] = found, found + block.size, block.first, block.last
        self._count += 1
        return found
