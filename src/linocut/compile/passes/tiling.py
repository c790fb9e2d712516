"""Tiling: which large transient buffers are made in parts, so that the peak of the arena falls.

Greedy: at the instruction where most bytes are live, the largest transient buffer that some transformation can divide
is divided, as long as the lower bound of the arena falls. No result changes by a bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from linocut.compile.draft import Draft
from linocut.compile.passes.channel_groups import group_channels
from linocut.compile.passes.image_tiles import tile_gradient, tile_product
from linocut.compile.placement.lifetimes import live_bytes

TILE_BYTES = 2 * 2**20  # work for some threads, and little beside what it saves

Transformation: TypeAlias = Callable[[Draft, int, int], Draft | None]
TRANSFORMATIONS: tuple[Transformation, ...] = (tile_product, tile_gradient, group_channels)


def tile(draft: Draft, tile_bytes: int = TILE_BYTES) -> Draft:
    """The draft with its largest buffers in tiles of `tile_bytes`, if that lowers the lower bound; else itself.

    A step that leaves the bound as it is may let the next one lower it: two instructions may be equally high.
    """
    best = current = draft
    while (better := _step(current, tile_bytes)) is not None:
        current = better
        if lower_bound(current) < lower_bound(best):
            best = current
    return best


def lower_bound(draft: Draft) -> int:
    """The largest sum of live bytes at any instruction."""
    return max(live_bytes(draft.blocks()))


def _step(draft: Draft, tile_bytes: int) -> Draft | None:
    blocks = draft.blocks()
    levels = live_bytes(blocks)
    peak = levels.index(max(levels))
    live = [b for b in blocks if b.first <= peak <= b.last and b.size > tile_bytes and b.buffer not in draft.held]
    for block in sorted(live, key=lambda b: -b.size):
        for transformation in TRANSFORMATIONS if not draft.buffers[block.buffer].persistent else ():
            found = transformation(draft, block.buffer, tile_bytes)
            if found is not None and lower_bound(found) <= levels[peak]:
                return found
    return None
