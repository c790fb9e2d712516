"""The offset planner: blocks with lifetimes in, offsets out. Blocks that live at the same time never overlap."""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Callable, Sequence

from linocut.compile.lifetimes import Lifetime, live_bytes

MOST_TRIES = 64
PATIENCE = 2_000_000  # pairs of blocks that are looked at before the best so far is taken


def place(blocks: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Offsets by buffer number, and the bytes that the whole takes.

    Best fit in several orders (large first, long-lived first, by appearance); if none reaches the lower bound, a
    fixed number of shuffles of the best order (always the same ones) are tried, and the smallest arena is kept.
    """
    bound = max(live_bytes(blocks), default=0)
    orders: list[Callable[[Lifetime], tuple[int, ...]]] = [
        lambda b: (-b.size, b.first),
        lambda b: (b.first - b.last, -b.size),
        lambda b: (b.first - b.last > -len(blocks), -b.size * (b.last - b.first + 1)),
        lambda b: (b.first, -b.size),
    ]
    sorts = [sorted(blocks, key=key) for key in orders]
    fits = [_best_fit(order) for order in sorts]
    best, best_order = min(zip(fits, sorts, strict=True), key=lambda fit: fit[0][1])
    shuffle = random.Random(0)
    for _ in range(min(MOST_TRIES, PATIENCE // max(1, len(blocks) ** 2))):
        if best[1] == bound:
            break
        order = list(best_order)
        for _ in range(2):
            one, other = shuffle.randrange(len(order)), shuffle.randrange(len(order))
            order[one], order[other] = order[other], order[one]
        tried = _best_fit(order)
        if tried[1] < best[1]:
            best, best_order = tried, order
    return best


def _best_fit(order: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    placed: list[tuple[int, Lifetime]] = []  # sorted by offset
    total = 0
    for block in order:
        offset = _smallest_gap(block, placed)
        insort(placed, (offset, block), key=lambda entry: entry[0])
        total = max(total, offset + block.size)
    return {block.buffer: offset for offset, block in placed}, total


def _smallest_gap(block: Lifetime, placed: Sequence[tuple[int, Lifetime]]) -> int:
    """The tightest gap among the blocks that live at the same time, or the room above them all."""
    best_offset, best_room, top = -1, -1, 0
    for offset, other in placed:
        if other.last < block.first or block.last < other.first:
            continue
        room = offset - top
        if room >= block.size and (best_room < 0 or room < best_room):
            best_offset, best_room = top, room
        top = max(top, offset + other.size)
    return best_offset if best_room >= 0 else top
