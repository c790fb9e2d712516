"""Groups of channels: a product, its batch norm and its signs, some channels at a time, so that Y is never whole.

Statistics, signs and masks are those of each channel alone: the bits are the same for any division. Groups are whole
words of packed signs, or halves of them; the filters of a group are rows of W^ one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linocut.compile.draft import Draft, Pieces
from linocut.compile.program import Buffer, Instruction
from linocut.formats import WORD_BITS
from linocut.ops.limits import HALF_WORD

PRODUCTS = ("conv2d", "binary_matmul", "real_matmul")
READERS = (("norm_statistics", "norm_sign"), ("norm_sign",))


def group_channels(draft: Draft, y: int, tile_bytes: int) -> Draft | None:
    """A Y that only norm_statistics and norm_sign read, or the latter alone: all in turn for each group of channels.

    A group is as many words of channels as `tile_bytes` of Y hold, one at least. None where Y is another, or no larger.
    """
    return _grouped(draft, y, max(1, tile_bytes // _bytes_of(draft.buffers[y], WORD_BITS)) * WORD_BITS)


def halve_words(draft: Draft, y: int, tile_bytes: int) -> Draft | None:
    """The same in halves of words, of integers of which a word is more than `tile_bytes`."""
    buffer = draft.buffers[y]
    if not buffer.form.is_integer or _bytes_of(buffer, WORD_BITS) <= tile_bytes:
        return None
    return _grouped(draft, y, HALF_WORD)


def _bytes_of(y: Buffer, channels: int) -> int:
    return max(1, y.nbytes // y.shape[-1]) * channels


def _grouped(draft: Draft, y: int, group: int) -> Draft | None:
    users = draft.users(y)
    steps = [draft.instructions[n] for n in users]
    if not _is_normed(steps, y) or users[-1] - users[0] >= len(users):
        return None
    if group >= draft.buffers[y].shape[-1]:
        return None
    pieces = Pieces(draft)
    instructions = list(_groups(pieces, steps, y, group))
    return draft.replaced(users[0], instructions, users[-1] + 1, pieces.buffers)


def _is_normed(steps: Sequence[Instruction], y: int) -> bool:
    names = [step.op.name for step in steps]
    known = names[:1] in [[name] for name in PRODUCTS] and tuple(names[1:]) in READERS
    return known and all(step.operand("y") == y for step in steps)


def _groups(pieces: Pieces, steps: Sequence[Instruction], y: int, group: int) -> Iterator[Instruction]:
    *lead, channels = pieces.buffers[y].shape
    tile = pieces.transient(f"{pieces.buffers[y].name}.tile", y, (*lead, group))
    product, *norm = steps
    weights = product.operand("weights")
    assert weights is not None
    for first in range(0, channels, group):
        count = min(group, channels - first)
        part = pieces.head(tile, (*lead, count))
        yield product.changed({"weights": pieces.rows(weights, first, first + count), "y": part})
        for step in norm:
            work = _work(pieces, step.operand("work"), group, count)
            yield step.changed({"y": part, "work": work}, {"first": float(first)})


def _work(pieces: Pieces, whole: int | None, group: int, count: int) -> int | None:
    """Room for the sums of so many channels, one for all groups."""
    if whole is None:
        return None
    name, rows = pieces.buffers[whole].name, pieces.buffers[whole].shape[0]
    return pieces.head(pieces.transient(f"{name}.tile", whole, (rows, group)), (rows, count))
