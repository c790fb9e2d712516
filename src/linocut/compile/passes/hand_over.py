"""Handing over: an instruction goes over images range by range, and what it makes takes the place of what it has read.

A max-pool reads a map for the last time and writes one of a quarter of its size: at once both must be there; range by
range, only a range more than the larger of the two (placement/lifetimes.py). No result changes by a bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from linocut.compile.draft import Draft, Pieces
from linocut.compile.passes.image_tiles import image_ranges
from linocut.compile.placement.lifetimes import MOST_PARTS
from linocut.compile.program import Instruction

# Operands that have images, of instructions that see one image at a time.
BY_IMAGE = {
    "max_pool": ("x", "y", "index"),
    "max_pool_gradient": ("dy", "index", "dx"),
    "average_pool": ("x", "y"),
    "average_pool_gradient": ("dy", "dx"),
    "conv2d_input_gradient": ("dy", "dx"),
}


def hand_over(draft: Draft, index: int, tile_bytes: int) -> Draft | None:
    """A buffer that an instruction reads last, or writes first, where another buffer begins, or ends."""
    users = draft.users(index)
    for number in sorted({*users[:1], *users[-1:]}):
        images = _images_of(draft.instructions[number])
        pair = _pair(draft, number, list(images.values()))
        if pair is None or index not in pair:
            continue
        buffers = [draft.buffers[i] for i in images.values()]
        whole = max(buffers, key=lambda buffer: buffer.nbytes)
        ranges = image_ranges(whole, buffers, max(tile_bytes, whole.nbytes // MOST_PARTS))
        if len(ranges) > 1:
            return _handed_over(draft, number, images, pair, ranges)
    return None


def _images_of(step: Instruction) -> dict[str, int]:
    found = {name: step.operand(name) for name in BY_IMAGE.get(step.op.name, ())}
    return {name: index for name, index in found.items() if index is not None}


def _pair(draft: Draft, number: int, images: Sequence[int]) -> tuple[int, int] | None:
    """Of buffers that are whole, one that an instruction is the last to use, then one that it is the first to use."""
    own = [draft.own(i) for i in images]
    if any(draft.buffers[i].nbytes != draft.buffers[o].nbytes for i, o in zip(images, own, strict=True)):
        return None
    if len({draft.buffers[i].shape[0] for i in images}) > 1:
        return None
    users = {o: draft.users(o) for o in own if not draft.buffers[o].persistent and o not in draft.held}
    ends = [o for o, numbers in users.items() if numbers[0] < number == numbers[-1]]
    begins = [o for o, numbers in users.items() if numbers[0] == number < numbers[-1]]
    largest = [max(some, key=lambda o: draft.buffers[o].nbytes, default=None) for some in (ends, begins)]
    return None if largest[0] is None or largest[1] is None else (largest[0], largest[1])


def _handed_over(
    draft: Draft, number: int, images: Mapping[str, int], pair: tuple[int, int], ranges: list[tuple[int, int]]
) -> Draft:
    """The instruction in ranges of images.

    A map that is the larger of the two is read from its end, or written towards it, so that the smaller one finds its
    place there. There is no room for a third: what else has images is placed whole.
    """
    step, pieces = draft.instructions[number], Pieces(draft)
    source, made = (draft.buffers[i].nbytes for i in pair)
    parts = [
        step.changed({name: pieces.rows(i, first, stop) for name, i in images.items()})
        for first, stop in (reversed(ranges) if source > made else ranges)
    ]
    found = draft.replaced(number, parts, number + 1, pieces.buffers)
    others = {draft.own(i) for i in images.values()} - set(pair)
    whole = {i: (found.users(i)[0], found.users(i)[-1]) for i in others if not found.buffers[i].persistent}
    return replace(found, held={**whole, **found.held})
