"""TIFF: what Pillow would read wrongly without a word: strips that lack or are short, and samples of odd kinds.

Source: TIFF 6.0, and Pillow's TiffImagePlugin, which leaves black what lacks, and wraps numbers with a sign round.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from linocut.data import fax, jpeg
from linocut.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS, PLANAR, FORMAT = (
    256,
    257,
    258,
    259,
    262,
    277,
    278,
    284,
    339,
)
STRIPS, STRIP_BYTES, TILES, TILE_BYTES, TILE_WIDTH, TILE_HEIGHT, TABLES = 273, 279, 324, 325, 322, 323, 347
WHITE_IS_ZERO, YCBCR = 0, 6
PLAIN, GROUP3, GROUP4, JPEG = 1, 3, 4, 7  # compressions
FILL = 266
SIGNED = 2


class Tiff:
    """What the tags of an opened picture say of its samples, and of the strips or tiles that hold them."""

    def __init__(self, image: Image) -> None:
        """Keep the tags, whose values may be of any type yet."""
        self._tags: Any = getattr(image, "tag_v2", {})

    def one(self, tag: int, default: int) -> int:
        """A number, the first where they are several; the default for what is none."""
        numbers = self.all(tag)
        return numbers[0] if numbers else default

    def all(self, tag: int) -> tuple[int, ...]:
        """The numbers of a tag."""
        found = self._tags.get(tag, ())
        values = found if isinstance(found, tuple) else (found,)
        return tuple(value for value in values if isinstance(value, int))

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return self.one(BITS, 1)

    @property
    def inverted(self) -> bool:
        """Whether 0 is white."""
        return self.one(PHOTOMETRIC, 1) == WHITE_IS_ZERO

    @property
    def planar(self) -> bool:
        """Whether each sample has strips of its own."""
        return self.one(PLANAR, 1) == 2

    @property
    def compression(self) -> int:
        """How strips are packed."""
        return self.one(COMPRESSION, PLAIN)

    def tables(self) -> bytes:
        """Those of JPEG that all strips share."""
        found = self._tags.get(TABLES, b"")
        return found if isinstance(found, bytes) else b""

    def part_size(self) -> tuple[int, int]:
        """Width and height of a strip, or of a tile."""
        width, height = self.one(WIDTH, 0), self.one(HEIGHT, 0)
        if TILES in self._tags:
            return self.one(TILE_WIDTH, width), self.one(TILE_HEIGHT, height)
        return width, min(self.one(ROWS, height) or height, height)

    def parts(self) -> Iterator[tuple[int, int, int]]:
        """Where each strip or tile begins, the bytes that it has as far as they are noted, and its rows of pixels."""
        tiled = TILES in self._tags
        counts, (_, high), height = (
            self.all(TILE_BYTES if tiled else STRIP_BYTES),
            self.part_size(),
            self.one(HEIGHT, 0),
        )
        down = -(-height // high)
        for number, begin in enumerate(self.all(TILES if tiled else STRIPS)[: self.wanted()]):
            rows = high if tiled else min(high, height - number % down * high)
            yield begin, counts[number] if number < len(counts) else 0, rows

    def wanted(self) -> int:
        """How many strips or tiles the picture needs."""
        (wide, high), width, height = self.part_size(), self.one(WIDTH, 0), self.one(HEIGHT, 0)
        return -(-width // wide) * -(-height // high) * (self.one(SAMPLES, 1) if self.planar else 1)


def check_kind(path: Path, image: Image) -> None:
    """DataError for samples that Pillow reads wrongly, or that are of no known range; tags tell."""
    tiff = Tiff(image)
    if SIGNED in tiff.all(FORMAT):
        raise DataError(f"{path} has numbers with a sign, must have whole numbers from 0 on; convert the file")
    if tiff.depth > 16:
        raise DataError(f"{path} has samples of {tiff.depth} bits, must have 8 or 16; convert the file")
    if tiff.planar and tiff.compression == PLAIN and tiff.depth > 8:
        raise DataError(f"{path} has {tiff.depth} bits in planes of their own, which Pillow misreads; convert the file")


def check(path: Path, image: Image) -> None:
    """DataError for a picture whose strips lack or end before its pixels do."""
    tiff = Tiff(image)
    if min(tiff.part_size()) <= 0:
        raise DataError(f"{path} is damaged: it has strips of no size; replace or remove the file")
    wanted, parts = tiff.wanted(), list(tiff.parts())
    if len(parts) < wanted:
        raise DataError(
            f"{path} is damaged: it has {len(parts):,} of {wanted:,} strips or tiles; replace or remove the file"
        )
    with open(path, "rb") as file:
        for number, part in enumerate(parts, 1):
            if reason := _fault(tiff, part, file):
                raise DataError(f"{path} is damaged: in strip or tile {number:,} {reason}; replace or remove the file")


def _fault(tiff: Tiff, part: tuple[int, int, int], file: IO[bytes]) -> str:
    """What is wrong with a strip or a tile, "" where nothing shows; other compressions are for their decoders."""
    begin, count, rows = part
    if not count:
        return ""
    if tiff.compression == PLAIN and tiff.one(PHOTOMETRIC, 1) != YCBCR:  # whose colours may have fewer samples
        samples = 1 if tiff.planar else tiff.one(SAMPLES, 1)
        wanted = (tiff.part_size()[0] * samples * tiff.depth + 7) // 8 * rows
        return f"are {count:,} of {wanted:,} B" if count < wanted else ""
    if tiff.compression in (GROUP3, GROUP4, JPEG):
        file.seek(begin)
        data = file.read(min(count, max(0, os.fstat(file.fileno()).st_size - begin)))  # room is made for what is asked
        if tiff.compression == JPEG:
            tables = tiff.tables()
            return jpeg.fault(tables[:-2] + data[2:] if tables else data)
        return fax.fault(data, rows, two_dimensional=tiff.compression == GROUP4, reversed_bits=tiff.one(FILL, 1) == 2)
    return ""
