"""The binary form of a Program: what the native core reads, checks and runs. Little endian, no padding.

8 bytes   magic "LINOCUT" and a zero byte
u32       version (2)
u64 u64   arena bytes, lower bound bytes
u32 u32 u32   counts of buffers, instructions, sections
buffer:       u64 offset, u8 format, u8 role, u8 persistent, u8 dimensions, u32 base (0xFFFFFFFF: none; a view lies
              within its base), u32 each dimension, u16 length and name (UTF-8)
instruction:  u16 op code, u16 operands, u16 attributes, u32 each operand (0xFFFFFFFF: absent), f64 each attribute
section:      u16 length and name, u32 begin, u32 end
"""

from __future__ import annotations

import struct
from typing import Any

from linocut.compile.program import Buffer, Instruction, Program, Section
from linocut.errors import SpecError
from linocut.formats import FORMAT_BY_CODE, FORMATS
from linocut.ops import OP_BY_CODE
from linocut.roles import ROLE_BY_CODE, ROLE_CODES

MAGIC = b"LINOCUT\0"
VERSION = 2
ABSENT = 0xFFFFFFFF
_HEADER = struct.Struct("<8sIQQIII")
_BUFFER = struct.Struct("<QBBBBI")
_INSTRUCTION = struct.Struct("<HHH")
_RANGE = struct.Struct("<II")


def encode(program: Program) -> bytes:
    """The binary form of a program."""
    counts = (len(program.buffers), len(program.instructions), len(program.sections))
    parts = [_HEADER.pack(MAGIC, VERSION, program.arena_bytes, program.lower_bound_bytes, *counts)]
    for b in program.buffers:
        base = ABSENT if b.base is None else b.base
        head = (b.offset, FORMATS[b.format].code, ROLE_CODES[b.role], b.persistent, len(b.shape), base)
        parts += [_BUFFER.pack(*head), struct.pack(f"<{len(b.shape)}I", *b.shape), _text(b.name)]
    for i in program.instructions:
        operands = [ABSENT if index is None else index for index in i.operands]
        parts.append(_INSTRUCTION.pack(i.op.code, len(operands), len(i.attributes)))
        parts.append(struct.pack(f"<{len(operands)}I{len(i.attributes)}d", *operands, *i.attributes))
    for s in program.sections:
        parts += [_text(s.name), _RANGE.pack(s.begin, s.end)]
    return b"".join(parts)


def decode(data: bytes) -> Program:
    """The program that `encode` wrote; SpecError where the bytes are not one."""
    reader = _Reader(data)
    try:
        program = _decode(reader)
    except (struct.error, KeyError, UnicodeDecodeError, IndexError) as error:
        raise SpecError(f"these {len(data):,} bytes are not a linocut program ({error}); compile it anew") from None
    if reader.left:
        raise SpecError(f"{reader.left:,} bytes follow the end of the program; compile it anew")
    program.check()
    return program


def _decode(reader: _Reader) -> Program:
    magic, version, arena, bound, buffers, instructions, sections = reader.unpack(_HEADER)
    if magic != MAGIC or version != VERSION:
        raise SpecError(f"program has magic {magic!r} and version {version}, must be {MAGIC!r} and {VERSION}")
    return Program(
        tuple(_decode_buffer(reader) for _ in range(buffers)),
        tuple(_decode_instruction(reader) for _ in range(instructions)),
        tuple(Section(reader.text(), *reader.unpack(_RANGE)) for _ in range(sections)),
        arena,
        bound,
    )


def _decode_buffer(reader: _Reader) -> Buffer:
    offset, format_code, role, persistent, dimensions, base = reader.unpack(_BUFFER)
    shape = reader.unpack(struct.Struct(f"<{dimensions}I"))
    name = reader.text()
    return Buffer(
        name,
        ROLE_BY_CODE[role],
        FORMAT_BY_CODE[format_code].name,
        shape,
        bool(persistent),
        offset,
        None if base == ABSENT else base,
    )


def _decode_instruction(reader: _Reader) -> Instruction:
    code, operands, attributes = reader.unpack(_INSTRUCTION)
    values = reader.unpack(struct.Struct(f"<{operands}I{attributes}d"))
    indices = tuple(None if index == ABSENT else index for index in values[:operands])
    return Instruction(OP_BY_CODE[code], indices, values[operands:])


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<H", len(raw)) + raw


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        values = form.unpack_from(self._data, self._at)
        self._at += form.size
        return values

    def text(self) -> str:
        (length,) = self.unpack(struct.Struct("<H"))
        raw = self._data[self._at : self._at + length]
        self._at += length
        if 0 in raw:  # at which names end in C
            raise SpecError(f"the name before byte {self._at:,} of a program has a byte of 0 in it; compile it anew")
        return raw.decode()
