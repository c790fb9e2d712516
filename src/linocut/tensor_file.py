"""Tensor files in the safetensors format: written straight from arrays, and read straight into them.

The format: the length of a JSON header in 8 bytes, the header (type, shape and place of every tensor, and a
map of texts, the metadata), the tensors' bytes. Nothing in it is ever executed. Source:
https://github.com/huggingface/safetensors#format

The last tensor, `crc32`, is the checksum of every byte before it, the header's among them: it is formed as the file is
written, so that tensors may be made as they are written, and compared when the file is opened. It finds any damage of
up to 32 bits in a row, and lets one in 2**32 of others pass. Files of version 1 had none.
"""

from __future__ import annotations

import json
import math
import os
import sys
import weakref
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linocut.errors import MachineError, RunError, one_line
from linocut.fields import shown
from linocut.files import open_plain, replacing
from linocut.json_text import parsed
from linocut.ops.bits import Array

_CODES = {"uint8": "U8", "int16": "I16", "int32": "I32", "int64": "I64", "uint64": "U64", "float32": "F32"}
_DTYPES = {code: name for name, code in _CODES.items()}
ALIGNMENT = 8
LENGTH_BYTES = 8
MOST_HEADER = 1 << 24  # bytes
MOST_DIMENSIONS = 8
METADATA = "__metadata__"
CHECKSUM = "crc32"
CHECKSUM_BYTES = 4
CHECKED = 2  # the first version with a checksum
CHUNK = 1 << 16  # bytes read together to be checked


@dataclass(frozen=True)
class Tensor:
    """What a file says of a tensor beside its elements."""

    name: str
    shape: tuple[int, ...]
    dtype: type[np.generic]

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def save(path: Path, tensors: Mapping[str, Array], kind: str, version: int, description: Mapping[str, Any]) -> None:
    """Write `tensors`, whole or not at all, with a `description` in JSON; MachineError where the disk will not.

    RunError, and nothing is written, where the header is larger than can be read.

    `kind` and `version` say what the file is, for `TensorFile` to check. No copy of a contiguous array is
    made.
    """
    heads = [Tensor(name, array.shape, array.dtype.type) for name, array in tensors.items()]
    write(path, heads, tensors.values(), kind, version, description)


def write(
    path: Path,
    tensors: Sequence[Tensor],
    parts: Iterable[Array],
    kind: str,
    version: int,
    description: Mapping[str, Any],
) -> None:
    """Like `save`, of tensors that are made as they are written: `parts` are rows of theirs, all in order."""
    metadata = {
        "format": kind,
        "version": str(version),
        "description": json.dumps(description, allow_nan=False),
    }
    header: dict[str, Any] = {METADATA: metadata}
    end = 0
    for tensor in (*tensors, Tensor(CHECKSUM, (CHECKSUM_BYTES,), np.uint8)):
        begin, end = end, end + tensor.nbytes
        code = _CODES[np.dtype(tensor.dtype).name]
        header[tensor.name] = {"dtype": code, "shape": tensor.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > MOST_HEADER:  # which no reader would take: the file that is there is worth more
        raise RunError(
            f"{path} would have a header of {len(text):,} B, {MOST_HEADER:,} can be read; it is left as it is"
        )
    head = len(text).to_bytes(LENGTH_BYTES, "little") + text
    with replacing(path) as file:
        file.write(head)
        checksum = zlib.crc32(head)
        for part in parts:
            data = np.ascontiguousarray(part).data
            end -= file.write(data)
            checksum = zlib.crc32(data, checksum)
        end -= file.write(checksum.to_bytes(CHECKSUM_BYTES, "little"))
        assert end == 0, f"{path}: the parts lack {end} bytes of what the header promises"


@dataclass(frozen=True)
class _Kept:
    """A tensor in a file: `code` of its type, and the place of its bytes in the file."""

    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


class _Damaged(Exception):
    """Why a file is none of the format."""


class TensorFile:
    """A tensor file to read: `description` is what it was saved with, `read` gives its tensors.

    RunError with the reason for a file that is missing, damaged in any byte, of another kind or of a version above
    `version`. The file stays open as long as this object, so that it may be replaced meanwhile.
    """

    def __init__(self, path: Path, kind: str, version: int) -> None:
        """Open the file, check what it is, and its checksum; no tensor is loaded."""
        self.path = path
        try:
            self._file = open_plain(path)
            weakref.finalize(self, os.close, self._file)
            metadata, self._kept = _header(self._file)
        except FileNotFoundError:
            raise RunError(f"{path} does not exist; give the folder of a run") from None
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}; check its permissions") from None
        except _Damaged as error:
            raise RunError(
                f"{path} cannot be read: {one_line(error)}; it is damaged, or not a file of linocut's"
            ) from None
        if metadata.get("format") != kind:
            raise RunError(f"{path} is of the format {one_line(repr(metadata.get('format')))}, must be {kind!r}")
        written = metadata.get("version", "")
        if written not in [str(known) for known in range(1, version + 1)]:
            raise RunError(
                f"{path} has version {one_line(repr(written))} of its format, this linocut reads 1 to {version}; "
                "use the linocut that wrote it"
            )
        self.version = int(written)
        self._check_sum(self.version >= CHECKED)
        self.description = self._description(metadata.get("description", ""))

    def check(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        """RunError unless the tensor called `name` is there with this shape and type; it is not loaded."""
        kept = self._kept.get(name)
        if kept is None:
            raise RunError(f"{self.path} lacks the tensor {name!r}; it is damaged, or of another network")
        wanted = np.dtype(dtype)
        if _DTYPES.get(kept.code) != wanted.name or kept.shape != shape:
            found = f"{_DTYPES.get(kept.code, kept.code)} {kept.shape}"
            raise RunError(
                f"{self.path}: tensor {name!r} is {one_line(found)}, "
                f"must be {wanted} {shape}; it is damaged, or of another network"
            )

    def only(self, names: Collection[str]) -> None:
        """RunError for a tensor that is called by none of these names."""
        for name in self._kept:
            if name not in names and name != CHECKSUM:
                raise RunError(f"{self.path} has the tensor {one_line(repr(name))}, which nothing names; it is damaged")

    def read(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> Array:
        """The tensor called `name`; RunError unless it is there with this shape and type."""
        self.check(name, shape, dtype)  # before memory is taken for it
        array: Array = np.empty(shape, dtype)
        self.read_into(name, array)
        return array

    def read_into(self, name: str, out: Array) -> None:
        """Fill `out`, which is contiguous, with the tensor called `name`; RunError unless it has that shape and type.

        The bytes go straight from the file to their place. MachineError where the disk fails.
        """
        self.check(name, out.shape, out.dtype.type)
        self._fill(out.reshape(-1).view(np.uint8).data, self._kept[name].begin, f"tensor {name!r}")

    def _fill(self, left: memoryview, place: int, what: str) -> None:
        while left:
            try:
                got = os.preadv(self._file, [left], place)
            except OSError as error:
                raise MachineError(f"{self.path} cannot be read: {error.strerror}; check the disk") from None
            if got == 0:
                raise RunError(f"{self.path} was cut while it was read: {what} is not whole; it is damaged")
            place, left = place + got, left[got:]

    def _check_sum(self, wanted: bool) -> None:
        """RunError unless the file has the checksum of its bytes, or none where none is wanted."""
        kept = self._kept.get(CHECKSUM)
        if not wanted:
            if kept is not None:
                raise RunError(f"{self.path} has a checksum, which files of its version have not; it is damaged")
            return
        self.check(CHECKSUM, (CHECKSUM_BYTES,), np.uint8)
        assert kept is not None
        if kept.end != max(entry.end for entry in self._kept.values()):
            raise RunError(f"{self.path} has bytes behind its checksum; it is damaged")
        found = int.from_bytes(self.read(CHECKSUM, (CHECKSUM_BYTES,), np.uint8).tobytes(), "little")
        checksum, buffer = 0, np.empty(CHUNK, np.uint8)
        for begin in range(0, kept.begin, CHUNK):
            some = buffer[: kept.begin - begin].data
            self._fill(some, begin, "it")
            checksum = zlib.crc32(some, checksum)
        if checksum != found:
            raise RunError(
                f"{self.path} is damaged: its checksum is {found:08x}, that of its bytes {checksum:08x}; "
                "take a copy of it, or begin another run"
            )

    def _description(self, text: str) -> dict[str, Any]:
        try:
            description = parsed(text)
        except (ValueError, RecursionError):
            description = None
        if not isinstance(description, dict):
            raise RunError(f"{self.path} has no description that can be read; it is damaged")
        return description


def _header(file: int) -> tuple[dict[str, str], dict[str, _Kept]]:
    """The metadata, and the tensors by name, which fill the rest of the file without gap or overlap."""
    size = os.fstat(file).st_size
    length = int.from_bytes(os.pread(file, LENGTH_BYTES, 0), "little")
    first = LENGTH_BYTES + length
    if size < LENGTH_BYTES or length > MOST_HEADER or first > size:
        raise _Damaged(f"it has {size:,} B, its header alone promises {first:,}")
    try:
        header = parsed(os.pread(file, length, LENGTH_BYTES).decode())
        metadata = header.pop(METADATA, {})
        kept = {name: _entry(entry, first) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _Damaged(f"its header is not as the format has it ({error})") from None
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _Damaged("its metadata are not texts")
    place = first
    for entry in sorted(kept.values(), key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != place:
            raise _Damaged(f"a tensor is at byte {entry.begin:,}, must be at {place:,}")
        place = entry.end
    if place != size:
        raise _Damaged(f"it has {size:,} B, its header promises {place:,}")
    return metadata, kept


def _entry(entry: dict[str, Any], first: int) -> _Kept:
    """What the header says of a tensor, the data of all of which begin at byte `first`."""
    if not isinstance(entry, dict) or not {"data_offsets", "shape", "dtype"} <= entry.keys():
        raise ValueError("a tensor has no data_offsets, shape and dtype")
    offsets, shape, code = entry["data_offsets"], entry["shape"], entry["dtype"]
    if not isinstance(offsets, list) or len(offsets) != 2:
        raise ValueError("the data_offsets of a tensor are not two")
    begin, end = offsets
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"a shape is {shown(shape)}, must be a list of {MOST_DIMENSIONS} sizes or fewer")
    if not all(type(n) is int and 0 <= n <= sys.maxsize for n in (begin, end, *shape)):
        raise ValueError(f"places and sizes are {shown(offsets)} and {shown(shape)}, must be whole numbers, 0 or more")
    if not isinstance(code, str) or end < begin:
        raise ValueError(f"a tensor of type {shown(code)} is from {begin} to {end}")
    if code in _DTYPES and end - begin != math.prod(shape) * np.dtype(_DTYPES[code]).itemsize:
        raise ValueError(f"a tensor of {code} {shape} takes {end - begin:,} B")
    return _Kept(code, tuple(shape), first + begin, first + end)
