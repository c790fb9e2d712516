"""A Program: a linear list of typed instructions over one arena of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from linocut.errors import SpecError
from linocut.formats import Format, find_format
from linocut.ops import Op, Work
from linocut.ops.signature import bind

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass(frozen=True)
class Buffer:
    """A typed region of the arena.

    `offset` is in bytes. A persistent buffer keeps its bytes between runs of a section. `base` is the number of the
    buffer whose bytes this one shares, None for a buffer of its own: all of them under another shape, or a range of
    them, such as some of the rows. Before places are decided `offset` counts from the base.
    """

    name: str
    role: str
    format: str
    shape: tuple[int, ...]
    persistent: bool
    offset: int = 0
    base: int | None = None

    @property
    def form(self) -> Format:
        """The format, with what is known of it."""
        return find_format(self.format)

    def owner(self, number: int) -> int:
        """The number of the buffer whose bytes these are, this one's being `number`."""
        return number if self.base is None else self.base

    @property
    def nbytes(self) -> int:
        """Bytes of the elements, without alignment."""
        return self.form.nbytes(self.shape)


@dataclass(frozen=True)
class Instruction:
    """One step of the virtual machine: `operands` are indices of buffers, None where an optional one is absent."""

    op: Op
    operands: tuple[int | None, ...]
    attributes: tuple[float, ...] = ()

    def used(self) -> tuple[int, ...]:
        """Indices of the buffers that it touches."""
        return tuple(index for index in self.operands if index is not None)

    def written(self) -> tuple[int, ...]:
        """Indices of the buffers that it changes."""
        pairs = zip(self.op.signature.operands, self.operands, strict=True)
        return tuple(index for operand, index in pairs if index is not None and operand.writes)

    def operand(self, name: str) -> int | None:
        """The buffer that an operand is, None where it is absent or the instruction has no such operand."""
        for operand, index in zip(self.op.signature.operands, self.operands, strict=True):
            if operand.name == name:
                return index
        return None

    def changed(self, operands: Mapping[str, int | None], attributes: Mapping[str, float] | None = None) -> Instruction:
        """The same with other operands and attributes, by name."""
        old = zip(self.op.signature.operands, self.operands, strict=True)
        new = tuple(operands.get(operand.name, index) for operand, index in old)
        named = dict(zip(self.op.signature.attributes, self.attributes, strict=True)) | dict(attributes or {})
        return Instruction(self.op, new, tuple(named[name] for name in self.op.signature.attributes))


@dataclass(frozen=True)
class Section:
    """A named range of instructions that runs as a whole: [begin, end)."""

    name: str
    begin: int
    end: int


@dataclass(frozen=True)
class Program:
    """Buffers, instructions and sections.

    `arena_bytes` and, for each thread, `workspace_bytes` are all the memory that running it takes.

    `lower_bound_bytes` is the largest sum of live bytes at any instruction: no placement of the buffers takes less.
    """

    buffers: tuple[Buffer, ...]
    instructions: tuple[Instruction, ...]
    sections: tuple[Section, ...]
    arena_bytes: int
    lower_bound_bytes: int = 0

    @cached_property
    def index(self) -> dict[str, int]:
        """Buffer name to its number."""
        return {buffer.name: number for number, buffer in enumerate(self.buffers)}

    def buffer(self, name: str) -> Buffer:
        """The buffer called `name`."""
        return self.buffers[self.index[name]]

    def section(self, name: str) -> Section:
        """The section called `name`; SpecError if there is none."""
        for section in self.sections:
            if section.name == name:
                return section
        raise SpecError(f"no section is called {name!r}; there are {', '.join(s.name for s in self.sections)}")

    def persistent(self) -> tuple[Buffer, ...]:
        """The buffers that make up the state, in order."""
        return tuple(buffer for buffer in self.buffers if buffer.persistent and buffer.base is None)

    def work(self, instruction: Instruction) -> Work:
        """The arithmetic that one instruction does."""
        sizes, formats = self._bound(instruction)
        return instruction.op.amount(sizes, formats)

    def workspace(self, instruction: Instruction) -> int:
        """The bytes that each thread needs for one instruction beside its operands."""
        return instruction.op.workspace_bytes(*self._bound(instruction))

    @cached_property
    def workspace_bytes(self) -> int:
        """The bytes that a session has behind the arena for each of its threads: the most that an instruction needs."""
        return max(map(self.workspace, self.instructions), default=0)

    def check(self) -> None:
        """Check every instruction against its signature and limits, and every buffer against the arena (SpecError)."""
        self._check_references()
        for buffer in self.buffers:
            if buffer.offset % ALIGNMENT or not 0 <= buffer.offset <= self.arena_bytes - buffer.nbytes:
                raise SpecError(
                    f"buffer {buffer.name} at {buffer.offset:,} + {buffer.nbytes:,} B lies outside "
                    f"the arena of {self.arena_bytes:,} B or off its alignment of {ALIGNMENT}"
                )
        for number, instruction in enumerate(self.instructions):
            if len(instruction.attributes) != len(instruction.op.signature.attributes):
                raise SpecError(f"instruction {number}: {instruction.op.name} has a wrong number of attributes")
            sizes, formats = self._bound(instruction)
            named = dict(zip(instruction.op.signature.attributes, instruction.attributes, strict=True))
            op = instruction.op
            reason = op.reason(sizes, formats, named)
            if reason:
                raise SpecError(f"instruction {number}: {instruction.op.name}: {reason}")

    def _check_references(self) -> None:
        """Numbers of buffers and instructions must exist, and every view lie within its base."""
        count = len(self.buffers)
        if len(self.index) != count:
            raise SpecError(f"{count} buffers share {len(self.index)} names, each must have its own")
        for buffer in self.buffers:
            if not buffer.shape or min(buffer.shape) < 1:
                raise SpecError(f"buffer {buffer.name} has shape {buffer.shape}, sizes must be at least 1")
            if buffer.base is None:
                continue
            base = self.buffers[buffer.base] if buffer.base < count else None
            if base is None or base.base is not None:
                raise SpecError(f"buffer {buffer.name} views number {buffer.base}, which owns no bytes")
            if not 0 <= buffer.offset - base.offset <= base.nbytes - buffer.nbytes:
                raise SpecError(f"buffer {buffer.name} is a view of {base.name} but not of bytes within it")
        for number, instruction in enumerate(self.instructions):
            if any(index >= count for index in instruction.used()):
                raise SpecError(f"instruction {number}: operand beyond the {count} buffers")
        for section in self.sections:
            if not 0 <= section.begin <= section.end <= len(self.instructions):
                raise SpecError(
                    f"section {section.name} runs from {section.begin} to {section.end}, "
                    f"must lie within the {len(self.instructions)} instructions"
                )

    def __str__(self) -> str:
        """The listing, to read; `compile.parse_listing` reads it back."""
        from linocut.compile.listing import listing  # listing describes programs

        return listing(self)

    def _bound(self, instruction: Instruction) -> tuple[dict[str, int], dict[str, str]]:
        given = [None if index is None else self.buffers[index] for index in instruction.operands]
        operands = [None if b is None else (b.format, b.shape) for b in given]
        sizes = dict(bind(instruction.op.signature, operands, instruction.op.name))
        names = (operand.name for operand in instruction.op.signature.operands)
        return sizes, {name: b.format for name, b in zip(names, given, strict=True) if b is not None}
