"""Orientation: which side of a picture is up, as cameras note it (EXIF), for every format alike.

Pixels are resized as they are stored and the small picture is turned, so that turning takes no memory to speak of.
Source: EXIF 2.3, tag 0x0112; 1 is upright. Pillow itself turns a TIFF, when its pixels are decoded.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linocut.data.dataset import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

TAG = 0x0112
NOTED_IN = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")  # of what Pillow knows of a file
PNG_START, PNG_HEAD = 8, 8  # bytes of a PNG's signature; of a chunk's length and type, before its data and a CRC-32


class Orientation(NamedTuple):
    """What is done to the stored pixels, in this order: rows become columns, then up and down, left and right."""

    turned: bool = False
    down: bool = False
    across: bool = False

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the upright picture, by those of the stored one, and the other way round."""
        return (width, height) if self.turned else (height, width)

    def stored(self, box: Box, height: int, width: int) -> Box:
        """Where a part of the upright picture of `height` x `width` is stored."""
        left, top, right, bottom = box
        if self.across:
            left, right = width - right, width - left
        if self.down:
            top, bottom = height - bottom, height - top
        return (top, left, bottom, right) if self.turned else (left, top, right, bottom)

    def upright(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The stored pixels (height, width, channels) upright; upright ones are given back as they are."""
        if self == UPRIGHT:
            return pixels
        shown = pixels.transpose(1, 0, 2) if self.turned else pixels
        return np.ascontiguousarray(shown[:: -1 if self.down else 1, :: -1 if self.across else 1])


UPRIGHT = Orientation()
NOTES = {
    2: Orientation(across=True),
    3: Orientation(down=True, across=True),
    4: Orientation(down=True),
    5: Orientation(turned=True),
    6: Orientation(turned=True, across=True),
    7: Orientation(turned=True, down=True, across=True),
    8: Orientation(turned=True, down=True),
}


def orientation(image: Image, path: Path) -> Orientation:
    """The orientation of an opened picture, its pixels not yet decoded; upright where none, or no sound one, is noted.

    Of a PNG that notes it behind its pixels, and of a TIFF that notes it, these are decoded, after which the image may
    have another size.
    """
    if image.format == "TIFF":
        if getattr(image, "tag_v2", {}).get(TAG, 1) != 1 or "xmp" in image.info:
            image.load()
        return UPRIGHT
    if not any(key in image.info for key in NOTED_IN):
        if image.format != "PNG" or not _noted_behind(path):
            return UPRIGHT
        image.load()
    try:
        from PIL.Image import Image as Base

        noted = Base.getexif(image).get(TAG)  # a PNG's own decodes its pixels first
    except MemoryError:
        raise
    except Exception:  # what is no EXIF, of a picture that is sound otherwise
        return UPRIGHT
    return NOTES.get(noted, UPRIGHT) if isinstance(noted, int) else UPRIGHT


def _noted_behind(path: Path) -> bool:
    """Whether a PNG has a chunk of EXIF; one before the pixels is known to Pillow."""
    with open(path, "rb") as file:
        end, place = os.fstat(file.fileno()).st_size, PNG_START
        while place < end:
            file.seek(place)
            head = file.read(PNG_HEAD)
            if head[4:] in (b"eXIf", b"IEND", b""):
                return head[4:] == b"eXIf"
            place += PNG_HEAD + int.from_bytes(head[:4], "big") + 4
    return False
