"""TFRecord files: records of bytes, each between its length and its checksum, all checked.

    uint64 length, uint32 masked CRC32C of it, bytes, uint32 masked CRC32C of them; little-endian

Source: TensorFlow's description of the format. CRC32C is the cyclic redundancy check with Castagnoli's polynomial.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from linocut.errors import DataError
from linocut.files import open_plain
from linocut.ops.bits import Array

POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits reversed
MASK = 0xA282EAD8
HEAD, TAIL = 12, 4  # bytes before and behind a record's own
MOST_BYTES = 1 << 20  # of a record: those of NASBench-101 have a few hundred
TOGETHER = 4096  # records whose checksums are formed side by side


def records(path: Path) -> Iterator[list[bytes]]:
    """The records of a file, some thousands at a time; DataError, with its number, for the first that is damaged.

    Also for a file that cannot be read, or is none.
    """
    first = 0
    try:
        with open(open_plain(path), "rb") as file:
            left, size = os.fstat(file.fileno()).st_size, os.fstat(file.fileno()).st_size
            if not size:
                raise DataError(f"{path} is empty; give a TFRecord file, such as nasbench_only108.tfrecord")
            while left:
                heads, bodies, tails = list[bytes](), list[bytes](), list[bytes]()
                while left and len(bodies) < TOGETHER:
                    number = first + len(bodies)
                    head = file.read(HEAD)
                    length = int.from_bytes(head[:8], "little")
                    if len(head) < HEAD or length + HEAD + TAIL > left or length > MOST_BYTES:
                        raise DataError(_cut(path, number, head, length, left))
                    heads.append(head)
                    bodies.append(file.read(length))
                    tails.append(file.read(TAIL))
                    left -= HEAD + length + TAIL
                _check(path, first, [head[:8] for head in heads], [head[8:] for head in heads], "length")
                _check(path, first, bodies, tails, "data")
                yield bodies
                first += len(bodies)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a TFRecord file") from None


def _cut(path: Path, number: int, head: bytes, length: int, left: int) -> str:
    """Why a record cannot be whole: the length is wrong where its checksum is, else the file is cut."""
    if len(head) < HEAD and number:
        return (
            f"{path} is cut: record {number:,} has {len(head)} of the {HEAD} B that it begins with; take a copy of it"
        )
    sound = len(head) == HEAD and masked([head[:8]])[0] == int.from_bytes(head[8:], "little")
    if number == 0 and not sound:
        return f"{path} is no TFRecord file: its first 12 bytes are no length and checksum"
    if not sound:
        return f"{path} is damaged: record {number:,} has no sound length; take a copy of it"
    if length > MOST_BYTES:
        return f"{path} has a record of {length:,} B, number {number:,}; those of NASBench-101 have a few hundred"
    return (
        f"{path} is cut: record {number:,} promises {length:,} B and a checksum of {TAIL}, {left - HEAD:,} B are left; "
        "take a copy of it"
    )


def _check(path: Path, first: int, texts: list[bytes], kept: list[bytes], what: str) -> None:
    found = masked(texts)
    told = np.frombuffer(b"".join(kept), "<u4")
    if (odd := np.flatnonzero(found != told)).size:
        number = first + int(odd[0])
        raise DataError(
            f"{path} is damaged: record {number:,} has a {what} whose checksum is {int(found[odd[0]]):08x}, not "
            f"{int(told[odd[0]]):08x}; take a copy of it"
        )


def masked(texts: list[bytes]) -> Array:
    """The checksums of (n,) texts as the format has them: CRC32C, turned by 15 bits, and a constant added; uint32."""
    crc = crc32c(texts)
    return (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(MASK)


def crc32c(texts: list[bytes]) -> Array:
    """CRC32C of (n,) texts, byte by byte over all of them at once: (n,) uint32."""
    lengths = np.array([len(text) for text in texts])
    order = np.argsort(-lengths, kind="stable")
    data = np.frombuffer(b"".join(texts) + b"\0", np.uint8)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])[order]
    table, state = _table(), np.full(len(texts), 0xFFFFFFFF, np.uint32)
    enough = np.searchsorted(-lengths[order], -np.arange(lengths.max(initial=0)), side="left")
    for place, count in enumerate(enough.tolist()):  # the texts longer than `place` stand first
        octets = data[starts[:count] + place]
        state[:count] = table[(state[:count] ^ octets) & np.uint32(0xFF)] ^ state[:count] >> np.uint32(8)
    found = np.empty_like(state)
    found[order] = ~state
    return found


@cache
def _table() -> Array:
    """What each byte does to the checksum."""
    found = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        found = found >> np.uint32(1) ^ np.where(found & np.uint32(1), np.uint32(POLYNOMIAL), np.uint32(0))
    return found
