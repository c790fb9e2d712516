"""Signatures: what an instruction takes, written as one line that the native core reads too.

    "<x:bit[R,K] <weights:bit[N,K] >y:i16|i32|f16|f32[R,N]; momentum"

An operand is a mode (`<` read, `>` written whole, `=` read and written), a name, `?` if it may be absent, the formats
it may have and its dimensions. `>dy@dx` may be written over dx: the two are the same bytes, or apart; `>y@a+b` over
either. A letter stands
for the same number throughout a signature. A first dimension `R` stands for the product of all leading dimensions, so
that a (batch, height, width, channels) buffer is a matrix of rows; other dimensions match one to one. After `;` come
the names of the numeric attributes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from linocut.errors import SpecError

Mode = Literal["<", ">", "="]
ROWS = "R"
_OPERAND = re.compile(r"([<>=])(\w+)(?:@([\w+]+))?(\??):([\w|]+)\[([\w,]+)\]")


@dataclass(frozen=True)
class Operand:
    """One operand of a signature: `dims` are letters or numbers, `over` the operands whose bytes it may take."""

    mode: Mode
    name: str
    optional: bool
    formats: tuple[str, ...]
    dims: tuple[str, ...]
    over: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether the instruction uses what the buffer held before."""
        return self.mode != ">"

    @property
    def writes(self) -> bool:
        """Whether the instruction changes the buffer."""
        return self.mode != "<"


@dataclass(frozen=True)
class Signature:
    """The operands and attribute names of an instruction, in order."""

    text: str
    operands: tuple[Operand, ...]
    attributes: tuple[str, ...]


def parse(text: str) -> Signature:
    """Read a signature; SpecError where it does not have the form above."""
    left, _, right = text.partition(";")
    operands = []
    for part in left.split():
        match = _OPERAND.fullmatch(part)
        if match is None:
            raise SpecError(f"operand {part!r} is not of the form <name:format[R,K]")
        mode, name, over, optional, formats, dims = match.groups()
        shape = tuple(dims.split(","))
        mode = cast(Mode, mode)  # the pattern admits only modes
        operands.append(Operand(mode, name, bool(optional), tuple(formats.split("|")), shape, _names(over)))
    return Signature(text, tuple(operands), tuple(right.split()))


def _names(over: str | None) -> tuple[str, ...]:
    return () if over is None else tuple(over.split("+"))


def bind(signature: Signature, given: Sequence[tuple[str, tuple[int, ...]] | None], op: str) -> Mapping[str, int]:
    """Match (format, shape) of each operand with the signature and return the numbers that its letters stand for.

    Raises SpecError naming the operand where a format, a number of dimensions or a size does not fit.
    """
    if len(given) != len(signature.operands):
        raise SpecError(f"{op} takes {len(signature.operands)} operands, not {len(given)}")
    sizes: dict[str, int] = {}
    for operand, actual in zip(signature.operands, given, strict=True):
        if actual is None:
            if not operand.optional:
                raise SpecError(f"{op}: operand {operand.name} is absent and must be given")
            continue
        format_name, shape = actual
        if format_name not in operand.formats:
            raise SpecError(
                f"{op}: operand {operand.name} has format {format_name}, must be {' or '.join(operand.formats)}"
            )
        for letter, size in zip(operand.dims, _matched(operand, shape, op), strict=True):
            expected = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
            if expected != size:
                raise SpecError(
                    f"{op}: operand {operand.name} has shape {shape}: {letter} is {size}, must be {expected}"
                )
    return sizes


def _matched(operand: Operand, shape: tuple[int, ...], op: str) -> tuple[int, ...]:
    if operand.dims[0] == ROWS and len(shape) >= len(operand.dims):
        lead = len(shape) - len(operand.dims) + 1
        return (math.prod(shape[:lead]), *shape[lead:])
    if len(shape) != len(operand.dims):
        raise SpecError(f"{op}: operand {operand.name} has {len(shape)} dimensions, must have {len(operand.dims)}")
    return shape
