"""Lifetimes: from which instruction to which a buffer's bytes are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linocut.compile.program import ALIGNMENT, Buffer, Instruction


@dataclass(frozen=True)
class Lifetime:
    """A block of `size` bytes (aligned) that is live from instruction `first` to `last`, both included."""

    buffer: int
    size: int
    first: int
    last: int


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
    spans = dict(held)
    for number, instruction in enumerate(instructions):
        for index in instruction.used():
            own = buffers[index].owner(index)
            first, last = spans.get(own, (number, number))
            spans[own] = (min(first, number), max(last, number))
    end = len(instructions) - 1
    found = []
    for index, buffer in enumerate(buffers):
        if buffer.base is None and (buffer.persistent or index in spans):
            first, last = (0, end) if buffer.persistent else spans[index]
            found.append(Lifetime(index, aligned(buffer.nbytes), first, last))
    return found


def live_bytes(blocks: Sequence[Lifetime]) -> list[int]:
    """Live bytes at every instruction."""
    end = max((block.last for block in blocks), default=-1)
    change = [0] * (end + 2)
    for block in blocks:
        change[block.first] += block.size
        change[block.last + 1] -= block.size
    total, levels = 0, []
    for step in change[:-1]:
        total += step
        levels.append(total)
    return levels
