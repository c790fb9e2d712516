"""Event files: scalars as TensorBoard reads them, without TensorBoard.

A file is a sequence of records: the length of the data (u64), its checksum, the data, their checksum, little-endian.
A checksum is CRC-32C (Castagnoli; RFC 3720, appendix B.4), turned right by 15 bits, plus a constant. The data of a
record are a protocol buffer `Event`: wall_time = 1 (double, seconds since 1970), step = 2 (int64), and file_version = 3
(string), which the first record has, or summary = 5, whose values (1) each have a tag (1) and a simple_value = 2
(float). Sources: tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto, summary.proto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from functools import cache

VERSION = b"brain.Event:2"
POLYNOMIAL = 0x82F63B78  # of Castagnoli, its bits reversed
MASK = 0xA282EAD8
DOUBLE, VARINT, BYTES, FLOAT = 1, 0, 2, 5  # wire types of protocol buffers
_WORD = 0xFFFFFFFF


def version_record(wall_time: float) -> bytes:
    """The first record of a file."""
    return _record(_field(1, DOUBLE) + struct.pack("<d", wall_time) + _text(3, VERSION))


def scalars_record(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    """A record of scalars by their tags, after so many steps (here epochs).

    They are rounded to 32-bit floats, what is too large for one to an infinity.
    """
    each = (_text(1, tag.encode()) + _field(2, FLOAT) + _float(value) for tag, value in values.items())
    summary = b"".join(_text(1, value) for value in each)
    head = _field(1, DOUBLE) + struct.pack("<d", wall_time) + _field(2, VARINT) + _varint(step)
    return _record(head + _text(5, summary))


def crc32c(data: bytes) -> int:
    """The checksum of Castagnoli's polynomial."""
    table, crc = _table(), _WORD
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ _WORD


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    turned = (crc >> 15 | crc << 17) & _WORD
    return struct.pack("<I", (turned + MASK) & _WORD)


def _field(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _text(number: int, data: bytes) -> bytes:
    return _field(number, BYTES) + _varint(len(data)) + data


def _float(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have their highest bit set."""
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return tuple(table)
