"""Tiles of images: a product before a pool, and the gradient behind one, made some images at a time, never whole.

Images do not depend on each other: the bits of every image are the same whatever is computed beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from linocut.compile.draft import Draft, Pieces, row_bytes, row_step
from linocut.compile.program import Buffer, Instruction
from linocut.ops import OP_BY_NAME
from linocut.ops.signature import Operand

LEAST_IMAGES = 4
WEIGHT_GRADIENT = "conv2d_weight_gradient"
COUNTERS = "counters"
BETWEEN = {"add_bias": ("y",), "norm_apply": ("y", "more", "x"), "relu": ("x", "y", "mask")}
BY_IMAGE = {"conv2d": ("x", "y"), "max_pool": ("x", "y", "index"), **BETWEEN}  # operands that have images


def tile_product(draft: Draft, y: int, tile_bytes: int) -> Draft | None:
    """A convolution's Y that only a max-pool reads: both in turn for each range of images, over one tile of Y.

    Between them may be what makes other numbers of Y in its place, image by image, as the norms of prediction do.
    """
    users = draft.users(y)
    steps = [draft.instructions[n] for n in users]
    if not _is_before_a_pool(draft, steps, y) or users[-1] - users[0] >= len(users):
        return None
    per_image = [{name: step.operand(name) for name in BY_IMAGE[step.op.name]} for step in steps]
    ours = {i for operands in per_image for i in operands.values() if i is not None and draft.own(i) == y}
    across = {i for operands in per_image for i in operands.values() if i is not None} - ours
    whole = draft.buffers[y]
    if any(draft.buffers[i].shape[0] != whole.shape[0] for i in ours | across):
        return None
    ranges = image_ranges(whole, (draft.buffers[i] for i in across), tile_bytes)
    if len(ranges) < 2:
        return None
    pieces, instructions = Pieces(draft), []
    tile = _tile(pieces, y, ranges)
    for first, stop in ranges:
        part = {i: pieces.rows(i, first, stop) for i in across}
        part |= {i: _part_of(pieces, tile, stop - first, i) for i in ours}
        instructions += [
            step.changed({name: None if i is None else part[i] for name, i in operands.items()})
            for step, operands in zip(steps, per_image, strict=True)
        ]
    return draft.replaced(users[0], instructions, users[-1] + 1, pieces.buffers)


def _is_before_a_pool(draft: Draft, steps: Sequence[Instruction], y: int) -> bool:
    """Whether these, all that touch Y, are conv2d, what goes image by image in place of Y, and max_pool."""
    names = [step.op.name for step in steps]
    if len(names) < 2 or (names[0], names[-1]) != ("conv2d", "max_pool") or not set(names[1:-1]) <= set(BETWEEN):
        return False

    def is_y(step: Instruction, name: str) -> bool:
        index = step.operand(name)
        return index is not None and draft.own(index) == y

    apart = not is_y(steps[0], "x") and not is_y(steps[-1], "y")
    return apart and is_y(steps[0], "y") and is_y(steps[-1], "x")


def tile_gradient(draft: Draft, dy: int, tile_bytes: int) -> Draft | None:
    """The gradient behind a max-pool, dY, that dW and dX of a convolution read.

    dW needs all of it at once, and goes first: its update takes W^ as it was before with it, of which a copy is kept
    where the bits themselves are updated. Then dY is made again, a range of images at a time, for dX.
    """
    users = draft.users(dy)
    if not _is_behind_a_pool([draft.instructions[n] for n in users], dy):
        return None
    unpool, back, update = (draft.instructions[n] for n in users)
    across = {"dy": unpool.operand("dy"), "index": unpool.operand("index"), "dx": back.operand("dx")}
    ranges = image_ranges(draft.buffers[dy], (draft.buffers[i] for i in across.values() if i is not None), tile_bytes)
    if len(ranges) < 2:
        return None
    sooner, later = (draft.instructions[n + 1 : end] for n, end in pairwise(users))
    pieces = Pieces(draft)
    kept = _kept_weights(draft, pieces, back, [*later, update])
    if kept is not None:
        back = back.changed({"weights": kept.operand("y")})
    if not _may_follow(draft, [unpool, back], [*later, update], dy):
        return None
    first = [unpool, *sooner, *([] if kept is None else [kept]), *later, update]
    tiles = _gradient_tiles(pieces, unpool, back, across, ranges)
    return draft.replaced(users[0], [*first, *tiles], users[2] + 1, pieces.buffers)


def _is_behind_a_pool(steps: Sequence[Instruction], dy: int) -> bool:
    """Whether these, all that touch dY, are max_pool_gradient, conv2d_input_gradient, and dW with its update."""
    if [step.op.name for step in steps[:2]] != ["max_pool_gradient", "conv2d_input_gradient"] or len(steps) != 3:
        return False
    unpool, back, update = steps
    whole = unpool.operand("dx") == back.operand("dy") == update.operand("dy") == dy
    return whole and update.op.name.startswith(f"{WEIGHT_GRADIENT}_")


def _gradient_tiles(
    pieces: Pieces,
    unpool: Instruction,
    back: Instruction,
    across: dict[str, int | None],
    ranges: Sequence[tuple[int, int]],
) -> Iterator[Instruction]:
    whole = unpool.operand("dx")
    assert whole is not None
    tile = _tile(pieces, whole, ranges)
    for first, stop in ranges:
        part = {name: None if i is None else pieces.rows(i, first, stop) for name, i in across.items()}
        gradient = _part_of(pieces, tile, stop - first)
        yield unpool.changed({"dy": part["dy"], "index": part["index"], "dx": gradient})
        yield back.changed({"dy": gradient, "dx": part["dx"]})


def _kept_weights(draft: Draft, pieces: Pieces, back: Instruction, later: Iterable[Instruction]) -> Instruction | None:
    """Copies the weights that dX needs, where they are bits that change before dX is formed."""
    weights, dx = back.operand("weights"), back.operand("dx")
    assert weights is not None and dx is not None
    if draft.own(weights) not in _changed(draft, later) or not draft.buffers[weights].form.is_bits:
        return None
    kept = pieces.transient(f"{draft.buffers[dx].name}.weights", weights, draft.buffers[weights].shape)
    return Instruction(OP_BY_NAME["copy"], (weights, kept))


def _may_follow(draft: Draft, moved: Sequence[Instruction], later: Sequence[Instruction], again: int) -> bool:
    """Whether what is `moved` behind `later` sees and leaves the same, but for `again`, which it makes anew."""
    seen = _touched(draft, moved) - {again}
    left = _changed(draft, moved[1:]) - {again}
    return not seen & _changed(draft, later) and not left & _touched(draft, later)


def _touched(draft: Draft, instructions: Iterable[Instruction]) -> set[int]:
    return _own(draft, instructions, lambda operand: True)


def _changed(draft: Draft, instructions: Iterable[Instruction]) -> set[int]:
    return _own(draft, instructions, lambda operand: operand.writes)


def _own(draft: Draft, instructions: Iterable[Instruction], wanted: Callable[[Operand], bool]) -> set[int]:
    """The buffers whose bytes are operands, without counters: the order in which they are added to is no matter."""
    pairs = (pair for i in instructions for pair in zip(i.op.signature.operands, i.operands, strict=True))
    found = {index for operand, index in pairs if index is not None and operand.name != COUNTERS and wanted(operand)}
    return {draft.own(index) if index < len(draft.buffers) else index for index in found}


def image_ranges(whole: Buffer, others: Iterable[Buffer], tile_bytes: int) -> list[tuple[int, int]]:
    """Ranges of images, nearly equal, of at most `tile_bytes` of the buffer or of LEAST_IMAGES images each."""
    images, step = whole.shape[0], math.lcm(*(row_step(other) for other in others))
    most = max(LEAST_IMAGES, tile_bytes // row_bytes(whole))
    even = -(-images // -(-images // most))
    count = -(-even // step) * step
    return [(first, min(first + count, images)) for first in range(0, images, count)]


def _tile(pieces: Pieces, whole: int, ranges: Sequence[tuple[int, int]]) -> int:
    buffer = pieces.buffers[whole]
    return pieces.transient(f"{buffer.name}.tile", whole, (ranges[0][1], *buffer.shape[1:]))


def _part_of(pieces: Pieces, tile: int, images: int, like: int | None = None) -> int:
    """So many images of a tile, in shape and format like another buffer's if given."""
    if like is None or pieces.buffers[like].base is None:
        return pieces.head(tile, (images, *pieces.buffers[tile].shape[1:]))
    view = pieces.buffers[like]
    name, shape = f"{view.name}.tile.{images}", (images, *view.shape[1:])
    return pieces.add(replace(view, name=name, shape=shape, offset=0, base=tile))
