"""PNG: what the header says, and whether the pixels are whole, which Pillow does not look at.

Pillow checks no CRC-32 of pixels, and leaves black what lacks where their zlib stream ends early. A chunk is a length
in 4 bytes, a type, data and their CRC-32. Source: https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from linocut.errors import DataError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the type of colours
GREY, COLOURS, GREY_ALPHA = 0, 2, 4
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
CHUNK = 1 << 16  # bytes at a time
MOST_KEY = 6  # bytes of a transparent colour


class Png(NamedTuple):
    """Width, height, bits of a sample, type of colours, whether interlaced; the transparent grey or colour, if any."""

    width: int
    height: int
    depth: int
    colours: int
    interlaced: bool
    transparent: tuple[int, ...] | None

    @property
    def bytes(self) -> int:
        """What its zlib stream holds: of each row a byte for the filter, and the pixels."""
        bits = self.depth * SAMPLES[self.colours]
        if not self.interlaced:
            return self.height * (1 + (self.width * bits + 7) // 8)
        total = 0
        for left, top, across, down in PASSES:
            columns, rows = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * bits + 7) // 8)
        return total


def read_header(path: Path) -> Png | None:
    """What stands before the pixels; None for a file that has no such header, which is Pillow's to refuse."""
    with open(path, "rb") as file:
        png = None
        for kind, size in _chunks(file):
            if kind == b"IHDR" and size == 13:
                head = file.read(13)
                width, height = (int.from_bytes(head[i : i + 4], "big") for i in (0, 4))
                png = Png(width, height, head[8], head[9], head[12] == 1, None)
            elif kind == b"tRNS" and png is not None and png.colours in (GREY, COLOURS):
                key = file.read(min(size, MOST_KEY))
                values = tuple(int.from_bytes(key[i : i + 2], "big") for i in range(0, len(key), 2))
                png = png._replace(transparent=values)
            elif kind == b"IDAT":
                break
    return png if png is not None and png.colours in SAMPLES else None


def check(path: Path, png: Png) -> None:
    """DataError unless each chunk up to the pixels' last has its CRC-32, and these are as many as the header says."""
    inflating, missing = zlib.decompressobj(), png.bytes
    with open(path, "rb") as file:
        pixels = False
        for kind, size in _chunks(file):
            if pixels and kind != b"IDAT":
                break
            pixels = kind == b"IDAT"
            checksum, left = zlib.crc32(kind), size
            while left and (data := file.read(min(CHUNK, left))):
                checksum, left = zlib.crc32(data, checksum), left - len(data)
                if pixels:
                    missing -= _inflated(inflating, data, missing, path)
            found = file.read(4)
            if found != checksum.to_bytes(4, "big"):
                reason = "it ends in its chunk" if left or len(found) < 4 else "another checksum belongs to its chunk"
                raise DataError(f"{path} is damaged: {reason} {_shown(kind)}; replace or remove the file")
    if missing > 0:
        raise DataError(
            f"{path} is damaged: its pixels end {missing:,} of {png.bytes:,} B early; replace or remove the file"
        )


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """The type and length of each chunk, the file being at its data meanwhile."""
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        yield kind, size
        if kind == b"IEND":
            return
        place += 12 + size


def _inflated(inflating: zlib._Decompress, data: bytes, wanted: int, path: Path) -> int:
    """How many bytes of pixels some of the stream holds; those behind the last are not unpacked."""
    count, full = 0, True
    try:
        while full and count <= wanted and not inflating.eof:
            some = len(inflating.decompress(data, CHUNK))
            data, count, full = inflating.unconsumed_tail, count + some, some == CHUNK
    except zlib.error as error:
        raise DataError(
            f"{path} is damaged: its pixels cannot be unpacked ({str(error).rstrip('.')}); replace or remove the file"
        ) from None
    return count


def _shown(kind: bytes) -> str:
    text = kind.decode("latin-1")
    return text if text.isascii() and text.isalpha() else kind.hex(" ")
