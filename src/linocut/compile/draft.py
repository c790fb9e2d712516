"""A Draft: a program whose buffers have no places yet. Passes take one and return another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from linocut.compile.placement.lifetimes import Lifetime, lifetimes
from linocut.compile.program import ALIGNMENT, Buffer, Instruction, Section


@dataclass(frozen=True)
class Draft:
    """Buffers, instructions and sections.

    `held` are the instructions over which all of a buffer is needed: by the outside, or as its ranges find no room.
    What is held is not divided.
    """

    buffers: tuple[Buffer, ...]
    instructions: tuple[Instruction, ...]
    sections: tuple[Section, ...]
    held: Mapping[int, tuple[int, int]]

    def own(self, index: int) -> int:
        """The buffer whose bytes a buffer has: its base, or itself."""
        return self.buffers[index].owner(index)

    def users(self, index: int) -> list[int]:
        """The instructions that touch bytes of a buffer that is no view, in order."""
        return self._users.get(index, [])

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, instruction in enumerate(self.instructions):
            for own in {self.own(used) for used in instruction.used()}:
                found.setdefault(own, []).append(number)
        return found

    def blocks(self) -> list[Lifetime]:
        """The lifetime of every buffer that is no view."""
        return lifetimes(self.buffers, self.instructions, self.held)

    def replaced(self, begin: int, instructions: Sequence[Instruction], end: int, buffers: Sequence[Buffer]) -> Draft:
        """Other instructions in place of [begin, end), which lie in one section; `buffers` begin with the old ones."""
        more = len(instructions) - (end - begin)

        def moved(boundary: int) -> int:
            return boundary + more if boundary >= end else boundary

        def held(first: int, last: int) -> tuple[int, int]:
            inside = begin <= last < end
            return moved(begin if begin <= first < end else first), moved(end if inside else last + 1) - 1

        return Draft(
            tuple(buffers),
            (*self.instructions[:begin], *instructions, *self.instructions[end:]),
            tuple(Section(s.name, moved(s.begin), moved(s.end)) for s in self.sections),
            {index: held(*span) for index, span in self.held.items()},
        )

    def without_unused(self) -> Draft:
        """Without the buffers that nothing uses any more, such as a fused dW; the others get new numbers."""
        used = {index for instruction in self.instructions for index in instruction.used()} | set(self.held)
        used |= {self.own(index) for index in used}
        keep = [index for index, buffer in enumerate(self.buffers) if index in used or buffer.persistent]
        number = {old: new for new, old in enumerate(keep)}
        kept = (self.buffers[index] for index in keep)
        return Draft(
            tuple(replace(b, base=None if b.base is None else number[b.base]) for b in kept),
            tuple(
                replace(i, operands=tuple(None if o is None else number[o] for o in i.operands))
                for i in self.instructions
            ),
            self.sections,
            {number[old]: span for old, span in self.held.items() if old in number},
        )


class Pieces:
    """Buffers of a draft, and more: parts of them, and tiles to work in. A view that there is already is used again."""

    def __init__(self, draft: Draft) -> None:
        self.buffers = list(draft.buffers)
        self._numbers = {buffer.name: number for number, buffer in enumerate(draft.buffers)}

    def transient(self, name: str, like: int, shape: tuple[int, ...]) -> int:
        """A buffer of its own, of another shape than `like`."""
        return self.add(replace(self.buffers[like], name=name, shape=shape, persistent=False, offset=0, base=None))

    def head(self, index: int, shape: tuple[int, ...]) -> int:
        """The first bytes of a buffer under another shape; the buffer itself where the shape is its own."""
        old = self.buffers[index]
        if shape == old.shape:
            return index
        name = f"{old.name}.{'x'.join(map(str, shape))}"
        return self.add(replace(old, name=name, shape=shape, base=old.owner(index)))

    def rows(self, index: int, first: int, stop: int) -> int:
        """Rows [first, stop) of a buffer's first dimension, `first` a multiple of `row_step`."""
        old = self.buffers[index]
        if (first, stop) == (0, old.shape[0]):
            return index
        offset = old.offset + first * row_bytes(old)
        assert offset % ALIGNMENT == 0, f"{old.name}: rows from {first} on are not aligned"
        name, shape = f"{old.name}.rows{first}-{stop}", (stop - first, *old.shape[1:])
        return self.add(replace(old, name=name, shape=shape, offset=offset, base=old.owner(index)))

    def add(self, buffer: Buffer) -> int:
        """The number of a buffer, which is added where there is none of that name."""
        if buffer.name not in self._numbers:
            self._numbers[buffer.name] = len(self.buffers)
            self.buffers.append(buffer)
        number = self._numbers[buffer.name]
        assert self.buffers[number] == buffer, f"two buffers are called {buffer.name}"
        return number


def row_bytes(buffer: Buffer) -> int:
    """Bytes of one row of a buffer's first dimension."""
    return buffer.nbytes // buffer.shape[0]


def row_step(buffer: Buffer) -> int:
    """The smallest number of rows whose bytes are a multiple of the arena's alignment."""
    return ALIGNMENT // math.gcd(ALIGNMENT, row_bytes(buffer))
