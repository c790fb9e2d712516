"""program: a program as tables in C, and what runs an instruction of it (templates/run.c)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from string import Template

from linocut.compile.program import Buffer, Program
from linocut.errors import SpecError
from linocut.formats import FORMATS

A_LINE = 8  # entries of a table
ABSENT = "ABSENT"
_RUN = Path(__file__).parent / "templates" / "run.c"


def runner(program: Program, tables: Iterable[str], place: str) -> str:
    """The C of the tables and of `run`; `place` is the bytes of the buffer `from` in it."""
    most = max(len(one.operands) for one in program.instructions)
    template = Template(_RUN.read_text(encoding="utf-8"))
    return template.substitute(tables="\n\n".join(tables), most_operands=most, place=place)


def tables_of(program: Program, where: Callable[[int, Buffer], str]) -> Iterator[str]:
    """Shapes, buffers, operands, attributes and instructions.

    `where` gives the entries of a buffer, by its number, that say where it lies. SpecError for a program that is too
    long.
    """
    buffers: list[str] = []
    shapes: list[str] = []
    for number, buffer in enumerate(program.buffers):
        rows, cols = math.prod(buffer.shape[:-1]), buffer.shape[-1]
        code = FORMATS[buffer.format].code
        buffers.append(f"{{{where(number, buffer)}, {rows}u, {cols}u, {len(shapes)}, {code}}}")
        shapes += [f"{size}u" for size in buffer.shape]
    instructions: list[str] = []
    operands: list[str] = []
    attributes: list[str] = []
    for one in program.instructions:
        instructions.append(f"{{lino_{one.op.name}, {len(operands)}, {len(attributes)}, {len(one.operands)}}}")
        operands += [ABSENT if index is None else str(index) for index in one.operands]
        attributes += [repr(float(value)) for value in one.attributes]
    if max(len(shapes), len(operands), len(attributes)) >= 0xFFFF:
        raise SpecError(f"a program of {len(instructions):,} instructions is too long for C's 16-bit tables")
    yield entries_of("uint32_t", "shapes", shapes, A_LINE)
    yield entries_of("buffer", "buffers", buffers, 1)
    yield entries_of("uint16_t", "operands", operands, A_LINE)
    yield entries_of("double", "attributes", attributes or ["0.0"], A_LINE)
    yield entries_of("instruction", "instructions", instructions, 1)


def entries_of(kind: str, name: str, entries: list[str], across: int) -> str:
    """A table of C, so many entries a line."""
    lines = (", ".join(entries[at : at + across]) for at in range(0, len(entries), across))
    return f"static const {kind} {name}[{len(entries)}] = {{\n    " + ",\n    ".join(lines) + "};"
