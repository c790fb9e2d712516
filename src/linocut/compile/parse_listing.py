"""Reading a listing back: a text that says a thing twice, and differently, is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import zip_longest

from linocut.compile.listing import lines
from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.ops import OP_BY_NAME

_HEAD = re.compile(r"arena ([\d,]+) bytes, at least ([\d,]+) live at once; workspace [\d,]+ bytes for each thread")
_WORKSPACE = re.compile(r"workspace [\d,]+ bytes")  # the op says it
_SECTION = re.compile(r"section (\S+|\".*\"): \[(\d+), (\d+)\)")
_BUFFER = re.compile(
    r"%(?P<number>\d+) +(?P<format>\w+)\[(?P<shape>[\d, ]*)\] +@(?P<offset>[\d,]+) +[\d,]+ B +"
    r"(?P<role>.+?)  +(?P<kept>persistent|transient|shares %(?P<base>\d+)(?P<state>, persistent)?)  +"
    r"(?P<name>.+)"
)
_INSTRUCTION = re.compile(r"(\d+) +(\w+)")
_OPERAND = re.compile(r"[<>=] (\w+) +%(\d+) .*")
_ATTRIBUTE = re.compile(r"(\w+) = (\S+)")


def parse_listing(text: str) -> Program:
    """The program that `listing` printed; SpecError, with the line, where the text is not such a listing."""
    program = _Parser(text).program()
    program.check()
    pairs = zip_longest(lines(program), text.splitlines(), fillvalue="")
    for number, (wanted, got) in enumerate(pairs, 1):
        if wanted != got:
            raise SpecError(f"listing line {number} is {got.strip()!r}, must be {wanted.strip()!r}")
    return program


class _Parser:
    """Reads a listing line by line, past empty lines, the headings of sections and workspaces."""

    def __init__(self, text: str) -> None:
        lines = ((n, line.strip()) for n, line in enumerate(text.splitlines(), 1))
        self._lines = [(n, line) for n, line in lines if line and not self._is_said_twice(line)]
        self._at = 0

    @staticmethod
    def _is_said_twice(line: str) -> bool:
        return line.startswith("--") or _WORKSPACE.fullmatch(line) is not None

    def program(self) -> Program:
        head = self._expect(_HEAD, "arena N bytes, at least N live at once; workspace N bytes for each thread")
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
