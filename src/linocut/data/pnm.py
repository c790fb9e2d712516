"""PPM and PGM of other depths than 8 or 16 bits: samples above the maximum that their header names.

Pillow clips them. Source: https://netpbm.sourceforge.net/doc/ppm.html.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = 1 << 18  # samples looked at together


def check(path: Path, image: Image) -> None:
    """DataError for a raw sample that is above the maximum."""
    for decoder, _, offset, arguments in getattr(image, "tile", ()):
        if decoder != "ppm":  # others are of whole bytes, or are looked at by Pillow
            continue
        most = int(arguments[-1] if isinstance(arguments, tuple) else arguments)
        dtype = np.dtype(np.uint8 if most < 256 else ">u2")
        with open(path, "rb") as file:
            file.seek(offset)
            left = image.width * image.height * len(image.getbands())
            while left > 0 and (data := file.read(min(CHUNK, left) * dtype.itemsize)):
                some = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype)
                left -= CHUNK
                if len(some) and int(some.max()) > most:
                    raise DataError(
                        f"{path} is damaged: a sample is {int(some.max()):,}, must be {most:,} or less; replace or "
                        "remove the file"
                    )
