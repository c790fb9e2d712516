"""damage: what is wrong with a picture that Pillow would decode without an error, looked for before it does.

Of BMP, PPM and plain TIFF, which hold samples and no checksum, only what lacks can be found; of GIF, WebP and packed
TIFF what their decoders find.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from linocut.data import jpeg, png, pnm, tiff
from linocut.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


def check_kind(path: Path, image: Image) -> None:
    """DataError for samples that would be read wrongly; the pixels need not be decoded."""
    if image.mode == "F":
        raise DataError(f"{path} has floating-point pixels, must have 8 or 16 bits; convert the file")
    if image.format == "TIFF":
        tiff.check_kind(path, image)


def check(path: Path, image: Image) -> None:
    """DataError for a file that is damaged. The image is opened, its pixels not yet decoded."""
    if image.format == "PNG" and (header := png.read_header(path)) is not None:
        png.check(path, header)
    elif image.format in ("JPEG", "MPO"):
        jpeg.check(path)
    elif image.format == "TIFF":
        tiff.check(path, image)
    elif image.format == "PPM":
        pnm.check(path, image)
