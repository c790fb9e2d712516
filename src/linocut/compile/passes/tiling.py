"""Tiling: which large transient buffers are made in parts, so that the peak of the arena falls.

Greedy: at the instruction where most bytes are live, the largest transient buffer that some transformation can divide
is divided, as long as the lower bound of the arena falls. No result changes by a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from linocut.compile.draft import Draft
from linocut.compile.passes.channel_groups import group_channels, halve_words
from linocut.compile.passes.hand_over import hand_over
from linocut.compile.passes.image_tiles import tile_gradient, tile_product
from linocut.compile.placement.lifetimes import live_bytes

WORTH = 15 / 16  # of the bound: what finer tiles, which cost up to a tenth of the time of a step, must come down to
TILE_BYTES = 2 * 2**20  # work for some threads, and little beside what it saves

Transformation: TypeAlias = Callable[[Draft, int, int], Draft | None]
TRANSFORMATIONS: tuple[Transformation, ...] = (tile_product, tile_gradient, group_channels, hand_over)
FINER: tuple[Transformation, ...] = (tile_product, tile_gradient, halve_words, group_channels, hand_over)


def tile(draft: Draft, tile_bytes: int = TILE_BYTES) -> Draft:
    """The draft with its largest buffers in tiles of `tile_bytes`, if that lowers the lower bound; else itself.

    Finer tiles, which cost some time, where they lower it by a sixteenth more.
    """
    coarse, fine = _tiled(draft, tile_bytes, TRANSFORMATIONS), _tiled(draft, tile_bytes // 4, FINER)
    return fine if lower_bound(fine) < WORTH * lower_bound(coarse) else coarse


def _tiled(draft: Draft, tile_bytes: int, transformations: Sequence[Transformation]) -> Draft:
    """With these transformations, as far as they go.

    A step that leaves the bound as it is may let the next one lower it: two instructions may be equally high.
    """
    best = current = draft
    while (better := _step(current, tile_bytes, transformations)) is not None:
        current = better
        if lower_bound(current) < lower_bound(best):
            best = current
    return best


def lower_bound(draft: Draft) -> int:
    """The largest sum of live bytes at any instruction."""
    return max(live_bytes(draft.blocks()))


def _step(draft: Draft, tile_bytes: int, transformations: Sequence[Transformation]) -> Draft | None:
    blocks = draft.blocks()
    levels = live_bytes(blocks)
    peak = levels.index(max(levels))
    live = [b for b in blocks if b.live(peak) and b.size > tile_bytes and b.buffer not in draft.held]
    for block in sorted(live, key=lambda b: -b.size):
        for transformation in transformations if not draft.buffers[block.buffer].persistent else ():
            found = transformation(draft, block.buffer, tile_bytes)
            if found is not None and lower_bound(found) <= levels[peak]:
                return found
    return None
