"""The offset planner: blocks with lifetimes in, offsets out. Blocks that live at the same time never overlap."""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Callable, Sequence

from linocut.compile.lifetimes import Lifetime, live_bytes

NEAR_ENOUGH = 1.005
MOST_TRIES = 256
PATIENCE = 40_000_000  # pairs of blocks that are looked at before the best so far is taken


def place(blocks: Sequence[Lifetime]) -> tuple[dict[int, int], int]:
    """Offsets by buffer number, and the bytes that the whole takes.

    What lives throughout comes first, side by side: among the others it would only stand in the way.
    """
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
    near = max(live_bytes(blocks), default=0) * NEAR_ENOUGH
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
    for number in range(min(MOST_TRIES, PATIENCE // max(1, len(blocks) ** 2))):
        if best[1] <= near:
            break
        order = _changed(best_order, best, number, shuffle)
        tried = _best_fit(order)
        if tried[1] <= best[1]:
            best, best_order = tried, order
    return best


def _changed(
    order: Sequence[Lifetime], fit: tuple[dict[int, int], int], number: int, shuffle: random.Random
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
