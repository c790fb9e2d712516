"""MAT-5: the numeric arrays of a MATLAB level-5 file, streamed, so that none is ever held whole.

After a header of 128 bytes come elements: a tag (type, bytes) and data, padded to 8 bytes; up to 4 bytes of data may
lie in the tag itself. A variable is an element of type 14 that holds flags, dimensions, name and values, or of
type 15: the same, zlib-compressed. Source: MathWorks, MAT-File Format (matfile_format.pdf), chapter 1.
Files of version 7.3 are HDF5, those of level 4 have no header; both are refused with the way out.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from linocut.data.disk import AGAIN, open_readonly
from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = 128
MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32 = 1, 5, 6
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
KINDS = {6: "double", 7: "single", 8: "int8", 9: "uint8", 10: "int16", 11: "uint16", 12: "int32", 13: "uint32"}
COMPLEX = 0x08
MOST_NAME, MOST_RANK = 256, 8  # a variable of our data sets has 1 and 4
CHUNK = 1 << 16  # bytes read at a time
MEND = "save it as version 5 or 7: save('-v7', ...)"


class _Reader(Protocol):
    def take(self, count: int) -> bytes:
        """The next `count` bytes, DataError where there are fewer."""

    def end(self) -> None:
        """DataError if what follows the values shows that they are damaged."""


@dataclass(frozen=True)
class Variable:
    """A numeric array: `kind` is MATLAB's name for its type ("uint8"), `stored` that of the values in the file.

    MATLAB stores whole numbers of any kind in the smallest type that holds them.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    _reader: _Reader

    def chunks(self, count: int) -> Iterator[NDArray[Any]]:
        """The values column by column (the first dimension runs fastest), `count` at a time; only once."""
        left = math.prod(self.shape)
        while left:
            some = min(count, left)
            yield np.frombuffer(self._reader.take(some * self.stored.itemsize), self.stored)
            left -= some
        self._reader.end()


def variables(path: Path) -> Iterator[Variable]:
    """The numeric arrays of the file, in its order; each must be read before the next is asked for, or not at all.

    Arrays of other kinds (cells, structures, texts) are passed over. DataError for a file that is damaged
    or of another format.
    """
    with open(open_readonly(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        order = _byte_order(file.read(HEADER), size, path)
        place = HEADER
        while place < size:
            file.seek(place)
            plain = _Plain(file, path, size - place)
            kind, count, packed = _tag(plain, order, path)
            place += 8 if packed is not None else 8 + count
            if place > size:
                raise DataError(f"{path} is truncated: {size:,} B, an element in it ends at byte {place:,}; {AGAIN}")
            plain.left = count
            if kind == COMPRESSED:
                reader: _Reader = _Inflating(file, path, count)
                kind, count, packed = _tag(reader, order, path)
            else:
                reader = plain
            found = _variable(reader, order, path) if kind == MATRIX and packed is None and count else None
            if found is not None:
                yield found


def _byte_order(head: bytes, size: int, path: Path) -> str:
    """ "<" or ">", of a file that begins with `head`."""
    if head.startswith(b"\x89HDF") or head[124:128] in (b"\x00\x02IM", b"\x02\x00MI"):
        raise DataError(f"{path} is a MATLAB file of version 7.3 (HDF5), must be of level 5; {MEND}")
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is not None and struct.unpack(f"{order}H", head[124:126])[0] == 0x0100:
        return order
    if len(head) >= 20 and 0 in head[:4] and struct.unpack("<I", head[:4])[0] < 5000:
        raise DataError(f"{path} is a MATLAB file of level 4, must be of level 5; {MEND}")
    raise DataError(f"{path} is not a MATLAB file of level 5: {size:,} B without its header; {AGAIN}")


class _Plain:
    """The bytes of an element as they lie in the file."""

    def __init__(self, file: IO[bytes], path: Path, left: int) -> None:
        self.left = left
        self._file, self._path = file, path

    def take(self, count: int) -> bytes:
        data = self._file.read(count) if count <= self.left else b""
        if len(data) < count:
            raise DataError(f"{self._path} is damaged: an element is shorter than what it should hold; {AGAIN}")
        self.left -= count
        return data

    def end(self) -> None:
        pass


class _Inflating:
    """The bytes of a compressed element; no more of them is unpacked at once than is asked for."""

    def __init__(self, file: IO[bytes], path: Path, left: int) -> None:
        self._file, self._path, self._left = file, path, left
        self._zlib, self._tail = zlib.decompressobj(), b""

    def take(self, count: int) -> bytes:
        data = self._some(count)
        if len(data) == count:
            return data
        parts, have = [data], len(data)
        while have < count:
            data = self._some(count - have)
            if not data and (self._zlib.eof or not (self._left or self._tail)):
                raise DataError(f"{self._path} is damaged: a compressed element ends too early; {AGAIN}")
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def end(self) -> None:
        """Padding of less than 8 bytes, then the checksum, which zlib compares."""
        for _ in range(8):
            self._some(8)
            if self._zlib.eof:
                return
        raise DataError(f"{self._path} is damaged: a compressed element does not end where it should; {AGAIN}")

    def _some(self, most: int) -> bytes:
        if not self._tail and self._left:
            self._tail = self._file.read(min(CHUNK, self._left))
            self._left -= len(self._tail)
        try:
            data = self._zlib.decompress(self._tail, most) if most else b""
        except zlib.error as error:
            raise DataError(f"{self._path} is damaged: {str(error).rstrip('.')}; {AGAIN}") from None
        self._tail = self._zlib.unconsumed_tail
        return data


def _tag(reader: _Reader, order: str, path: Path) -> tuple[int, int, bytes | None]:
    """An element's type, its number of bytes, and its data where they lie in the tag."""
    raw = reader.take(8)
    kind, count = struct.unpack(f"{order}II", raw)
    if kind >> 16:
        kind, count = kind & 0xFFFF, kind >> 16
        if count > 4:
            raise DataError(f"{path} is damaged: a short element of {count:,} B, must be 4 or less; {AGAIN}")
        return kind, count, raw[4 : 4 + count]
    return kind, count, None


def _element(reader: _Reader, order: str, path: Path, wanted: int, most: int) -> bytes:
    """The data of a small element of a known type."""
    kind, count, data = _tag(reader, order, path)
    if kind != wanted or count > most:
        raise DataError(
            f"{path} is damaged: an element of type {kind} and {count:,} B where one of type {wanted} and up to "
            f"{most:,} B belongs; {AGAIN}"
        )
    return reader.take(count + -count % 8)[:count] if data is None else data


def _variable(reader: _Reader, order: str, path: Path) -> Variable | None:
    """The array whose values `reader` has come to; None if it is not of real numbers."""
    flags = _element(reader, order, path, UINT32, 8)
    if len(flags) != 8:
        raise DataError(f"{path} is damaged: the flags of an array have {len(flags)} B, must have 8; {AGAIN}")
    word = struct.unpack(f"{order}II", flags)[0]
    kind = KINDS.get(word & 0xFF)
    if kind is None or word >> 8 & COMPLEX:
        return None
    raw = _element(reader, order, path, INT32, 4 * MOST_RANK)
    shape = struct.unpack(f"{order}{len(raw) // 4}i", raw[: len(raw) // 4 * 4])
    name = _element(reader, order, path, INT8, MOST_NAME).decode("latin-1")
    if len(shape) < 2 or min(shape) < 0:
        raise DataError(f"{path} is damaged: array {name!r} has shape {shape}; {AGAIN}")
    stored, count, data = _tag(reader, order, path)
    if stored not in STORED:
        raise DataError(f"{path} is damaged: array {name!r} has values of type {stored}; {AGAIN}")
    dtype = np.dtype(order + STORED[stored])
    if count != math.prod(shape) * dtype.itemsize:
        raise DataError(
            f"{path} is damaged: array {name!r} has {count:,} B of values, its shape "
            f"{' x '.join(map(str, shape))} needs {math.prod(shape) * dtype.itemsize:,}; {AGAIN}"
        )
    return Variable(name, kind, shape, dtype, reader if data is None else _Held(data))


class _Held:
    """Values that lay in their tag."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def end(self) -> None:
        pass
