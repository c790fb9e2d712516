"""The listing: a Program as text for people, numbered, with shapes and offsets; it reads back equal.

What is said twice (a buffer's name, format and place at every operand) is there for the reader;
`parse_listing` refuses a text in which the two differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.ops import OP_BY_NAME

_PLAIN_NAME = re.compile(r"[\w.^#+-]+")
_HEAD = re.compile(r"arena ([\d,]+) bytes, at least ([\d,]+) live at once")
_SECTION = re.compile(r"section (\S+|\".*\"): \[(\d+), (\d+)\)")
_BUFFER = re.compile(
    r"%(?P<number>\d+) +(?P<format>\w+)\[(?P<shape>[\d, ]*)\] +@(?P<offset>[\d,]+) +[\d,]+ B +"
    r"(?P<role>.+?)  +(?P<kept>persistent|transient|shares %(?P<base>\d+)(?P<state>, persistent)?)  +"
    r"(?P<name>.+)"
)
_INSTRUCTION = re.compile(r"(\d+) +(\w+)")
_OPERAND = re.compile(r"[<>=] (\w+) +%(\d+) .*")
_ATTRIBUTE = re.compile(r"(\w+) = (\S+)")


def listing(program: Program) -> str:
    """Arena, sections, buffers, instructions: `<` marks operands that are read, `>` written, `=` both."""
    return "\n".join(_lines(program)) + "\n"


def parse_listing(text: str) -> Program:
    """The program that `listing` printed; SpecError, with the line, where the text is not such a listing."""
    program = _Parser(text).program()
    program.check()
    pairs = zip_longest(_lines(program), text.splitlines(), fillvalue="")
    for number, (wanted, got) in enumerate(pairs, 1):
        if wanted != got:
            raise SpecError(f"listing line {number} is {got.strip()!r}, must be {wanted.strip()!r}")
    return program


def _lines(program: Program) -> Iterator[str]:
    yield f"arena {program.arena_bytes:,} bytes, at least {program.lower_bound_bytes:,} live at once"
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


class _Parser:
    """Reads a listing line by line, past empty lines and the headings of sections."""

    def __init__(self, text: str) -> None:
        lines = ((n, line.strip()) for n, line in enumerate(text.splitlines(), 1))
        self._lines = [(n, line) for n, line in lines if line and not line.startswith("--")]
        self._at = 0

    def program(self) -> Program:
        head = self._expect(_HEAD, "arena N bytes, at least N live at once")
        sections = tuple(self._sections())
        buffers = tuple(self._buffers())
        instructions = tuple(self._instructions())
        if self._at < len(self._lines):
            raise self._error("the end of the listing")
        return Program(buffers, instructions, sections, _whole(head[1]), _whole(head[2]))

    def _sections(self) -> Iterator[Section]:
        while found := self._next(_SECTION):
            yield Section(_unquoted(found[1]), int(found[2]), int(found[3]))

    def _buffers(self) -> Iterator[Buffer]:
        number = 0
        while found := self._next(_BUFFER):
            if int(found["number"]) != number:
                self._at -= 1
                raise self._error(f"buffer %{number}")
            shape = tuple(int(size) for size in found["shape"].split(",") if size)
            base = None if found["base"] is None else int(found["base"])
            persistent = found["kept"] == "persistent" or found["state"] is not None
            name, offset = _unquoted(found["name"]), _whole(found["offset"])
            yield Buffer(name, found["role"], found["format"], shape, persistent, offset, base)
            number += 1

    def _instructions(self) -> Iterator[Instruction]:
        number = 0
        while self._at < len(self._lines) and (found := self._next(_INSTRUCTION)):
            if int(found[1]) != number or found[2] not in OP_BY_NAME:
                self._at -= 1
                raise self._error(f"instruction {number} and the name of an instruction")
            op = OP_BY_NAME[found[2]]
            given = {}
            while line := self._next(_OPERAND):
                given[line[1]] = int(line[2])
            operands = tuple(given.pop(operand.name, None) for operand in op.signature.operands)
            if given:
                raise SpecError(f"listing: instruction {number}: {op.name} takes no operand {', '.join(given)}")
            yield Instruction(op, operands, self._attributes(op.signature.attributes))
            number += 1

    def _attributes(self, names: tuple[str, ...]) -> tuple[float, ...]:
        if not names:
            return ()
        line = self._lines[self._at][1] if self._at < len(self._lines) else ""
        parts = [_ATTRIBUTE.fullmatch(part) for part in line.split(", ")]
        given = {part[1]: part[2] for part in parts if part is not None}
        try:
            values = tuple(float(given[name]) for name in names)
        except (KeyError, ValueError):
            raise self._error("the attributes " + ", ".join(f"{name} = number" for name in names)) from None
        self._at += 1
        return values

    def _next(self, form: re.Pattern[str]) -> re.Match[str] | None:
        if self._at == len(self._lines):
            return None
        found = form.fullmatch(self._lines[self._at][1])
        self._at += found is not None
        return found

    def _expect(self, form: re.Pattern[str], what: str) -> re.Match[str]:
        found = self._next(form)
        if found is None:
            raise self._error(what)
        return found

    def _error(self, what: str) -> SpecError:
        if self._at >= len(self._lines):
            return SpecError(f"the listing ends where {what} should stand")
        number, line = self._lines[self._at]
        return SpecError(f"listing line {number} is {line!r}, must be {what}")


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def _unquoted(name: str) -> str:
    try:
        return str(json.loads(name)) if name.startswith('"') else name
    except ValueError:
        raise SpecError(f"listing: {name} is not a name") from None
