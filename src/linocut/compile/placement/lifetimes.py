"""Lifetimes: from which instruction to which a buffer's bytes are needed.

Of a buffer that is written or read range by range each range has a lifetime of its own: what is read for the last time
makes room, while the rest waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from linocut.compile.program import ALIGNMENT, Buffer, Instruction

MOST_PARTS = 32  # of a buffer: more of them would save little, and take long to place


@dataclass(frozen=True)
class Part:
    """`size` bytes of a block, from its byte `at` on, that are live from instruction `first` to `last`."""

    at: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Lifetime:
    """A block of `size` bytes (aligned) that is live from instruction `first` to `last`, both included.

    `several` are its parts where they do not live as long as each other; what no part covers is never needed.
    """

    buffer: int
    size: int
    first: int
    last: int
    several: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its parts, or itself as the only one."""
        return self.several or (Part(0, self.size, self.first, self.last),)

    def live(self, instruction: int) -> int:
        """How many of its bytes an instruction finds in use."""
        return sum(part.size for part in self.parts if part.first <= instruction <= part.last)


def aligned(size: int) -> int:
    """`size` rounded up to the arena's alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def lifetimes(
    buffers: Sequence[Buffer], instructions: Sequence[Instruction], held: Mapping[int, tuple[int, int]]
) -> list[Lifetime]:
    """The lifetime of every buffer that has bytes of its own.

    `held` widens those that the outside writes or reads. A persistent buffer lives throughout; one that nothing uses is
    left out.
    """
    uses = _uses(buffers, instructions)
    end = len(instructions) - 1
    found = []
    for index, buffer in enumerate(buffers):
        size = aligned(buffer.nbytes)
        if buffer.persistent and buffer.base is None:
            found.append(Lifetime(index, size, 0, end))
        elif index in uses or index in held:
            outside = [Part(0, size, *held[index])] if index in held else []
            found.append(_lifetime(index, size, uses.get(index, []) + outside))
    return found


def _uses(buffers: Sequence[Buffer], instructions: Sequence[Instruction]) -> dict[int, list[Part]]:
    """Which bytes instructions touch, by the buffer that has them: whole steps of alignment."""
    uses: dict[int, list[Part]] = {}
    for number, instruction in enumerate(instructions):
        for index in instruction.used():
            buffer, own = buffers[index], buffers[index].owner(index)
            begin = buffer.offset - buffers[own].offset
            at = begin // ALIGNMENT * ALIGNMENT
            uses.setdefault(own, []).append(Part(at, aligned(begin + buffer.nbytes) - at, number, number))
    return uses


def _lifetime(index: int, size: int, uses: Sequence[Part]) -> Lifetime:
    """The lifetime of a buffer that is used so."""
    parts = tuple(_parts(uses))
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    alike = len(parts) == 1 and parts[0].size == size
    return Lifetime(index, size, first, last, () if alike else parts)


def _parts(uses: Sequence[Part]) -> Iterator[Part]:
    """From the first to the last use of each byte, in ranges of bytes that are alike; where they are many, of some."""
    edges = sorted({edge for use in uses for edge in (use.at, use.at + use.size)})
    edges = [*edges[: -1 : -(-len(edges) // MOST_PARTS)], edges[-1]]
    before = None
    for begin, end in pairwise(edges):
        over = [use for use in uses if use.at < end and begin < use.at + use.size]
        if not over:
            continue
        span = min(use.first for use in over), max(use.last for use in over)
        if before is not None and (before.first, before.last) == span and before.at + before.size == begin:
            before = Part(before.at, end - before.at, *span)
            continue
        if before is not None:
            yield before
        before = Part(begin, end - begin, *span)
    if before is not None:
        yield before


def live_bytes(blocks: Sequence[Lifetime]) -> list[int]:
    """Live bytes at every instruction."""
    end = max((block.last for block in blocks), default=-1)
    change = [0] * (end + 2)
    for part in (part for block in blocks for part in block.parts):
        change[part.first] += part.size
        change[part.last + 1] -= part.size
    total, levels = 0, []
    for step in change[:-1]:
        total += step
        levels.append(total)
    return levels
