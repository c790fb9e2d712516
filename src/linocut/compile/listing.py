"""The listing: a Program as text for people, numbered, with shapes and offsets; parse_listing.py reads it back.

What is said twice (a buffer's name, format and place at every operand) is there for the reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linocut.compile.program import Buffer, Instruction, Program

_PLAIN_NAME = re.compile(r"[\w.^#+-]+")


def listing(program: Program) -> str:
    """Arena, sections, buffers, instructions: `<` marks operands that are read, `>` written, `=` both."""
    return "\n".join(lines(program)) + "\n"


def lines(program: Program) -> Iterator[str]:
    """The lines of a listing."""
    yield (
        f"arena {program.arena_bytes:,} bytes, at least {program.lower_bound_bytes:,} live at once; "
        f"workspace {program.workspace_bytes:,} bytes for each thread"
    )
    for s in program.sections:
        yield f"section {_name(s.name)}: [{s.begin}, {s.end})"
    yield ""
    yield from _buffer_lines(program)
    begins = {s.begin: s.name for s in program.sections}
    for number, instruction in enumerate(program.instructions):
        yield ""
        if number in begins:
            yield f"-- {_name(begins[number])} --"
        yield f"{number:>4}  {instruction.op.name}"
        yield from _instruction_lines(program, instruction)


def _buffer_lines(program: Program) -> Iterator[str]:
    rows = [
        (f"%{n}", _typed(b), f"@{b.offset:,}", f"{b.nbytes:,} B", b.role, _kept(b), _name(b.name))
        for n, b in enumerate(program.buffers)
    ]
    yield from _aligned(rows, right=(2, 3))


def _instruction_lines(program: Program, instruction: Instruction) -> Iterator[str]:
    rows = []
    for operand, index in zip(instruction.op.signature.operands, instruction.operands, strict=True):
        if index is not None:
            b = program.buffers[index]
            rows.append((f"{operand.mode} {operand.name}", f"%{index}", _typed(b), f"@{b.offset:,}", _name(b.name)))
    yield from ("      " + line for line in _aligned(rows, right=()))
    if workspace := program.workspace(instruction):
        yield f"      workspace {workspace:,} bytes"
    names = instruction.op.signature.attributes
    if names:
        yield "      " + ", ".join(f"{k} = {_number(v)}" for k, v in zip(names, instruction.attributes, strict=True))


def _aligned(rows: Sequence[tuple[str, ...]], right: tuple[int, ...]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        yield "  ".join(cells).rstrip()


def _typed(buffer: Buffer) -> str:
    return f"{buffer.format}[{', '.join(map(str, buffer.shape))}]"


def _kept(buffer: Buffer) -> str:
    if buffer.base is not None:
        return f"shares %{buffer.base}" + (", persistent" if buffer.persistent else "")
    return "persistent" if buffer.persistent else "transient"


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
