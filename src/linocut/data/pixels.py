"""pixels: an opened picture in grey or in colours of 8 bits, whatever its depth, palette and transparency.

Transparent pixels are laid over white. Samples of other depths are scaled by their largest value, to the nearest of 256
levels. Colours are converted strip by strip, so that this takes little memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linocut.data import deep
from linocut.data.png import GREY, GREY_ALPHA, read_header
from linocut.data.tiff import Tiff
from linocut.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

STRIP = 1 << 18  # pixels that are converted together
GREY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"))


class Grey(NamedTuple):
    """Grey samples as Pillow hands them over: the largest there is, whether 0 is white, the transparent one if any."""

    most: int
    inverted: bool = False
    transparent: int | None = None


def channels(image: Image, path: Path) -> int:
    """1 for a grey picture, else 3; its pixels need not be decoded."""
    if image.format == "PNG" and image.mode == "RGBA":  # as which Pillow gives 16 bits of grey and of opacity too
        png = read_header(path)
        return 1 if png is not None and png.colours == GREY_ALPHA else 3
    return 1 if image.mode in GREY_MODES else 3


def converted(image: Image, count: int, path: Path) -> Image:
    """The picture in grey (1) or in colours (3); DataError for colours that its palette lacks."""
    mode, kind = "L" if count == 1 else "RGB", _kind(image, path)
    if isinstance(kind, deep.Deep):
        return deep.to_8_bits(path, kind).convert(mode)
    image.load()
    if image.mode in ("P", "PA"):
        _check_palette(image, path)
    if image.format == "BMP" and image.mode == "RGBA" and not any(image.getchannel("A").getextrema()):
        image = image.convert("RGB")  # its fourth bytes are no opacity: none of it would be seen
    if kind is None and image.mode == mode and "transparency" not in image.info:
        return image
    return _by_strips(image, mode, kind)


def _kind(image: Image, path: Path) -> deep.Deep | Grey | None:
    """How samples are that Pillow alone would not bring to 8 bits as they should be."""
    if image.format == "PNG" and (png := read_header(path)) is not None:
        if png.colours != GREY:
            return deep.of_png(png)
        most = (1 << png.depth) - 1
        key = png.transparent[0] if png.transparent else None
        if png.depth == 16:
            return Grey(most, transparent=key)
        return None if key is None else Grey(255, transparent=key * 255 // most)  # Pillow has scaled the samples
    if image.format == "TIFF":
        tiff = Tiff(image)
        if image.mode.startswith("I;16"):
            return Grey((1 << tiff.depth) - 1, tiff.inverted)
        return deep.of_tiff(image, path)
    return Grey(65535) if image.mode.startswith("I") else None  # PGM


def _check_palette(image: Image, path: Path) -> None:
    palette = image.palette
    there = len(palette.palette) // len(palette.mode) if palette is not None else 0
    transparent = image.info.get("transparency")  # in GIF it may be one that the palette lacks
    for index, count in enumerate(image.histogram()[:256]):
        if count and index >= there and index != transparent:
            raise DataError(
                f"{path} is damaged: it has pixels of colour {index}, its palette has {there} colours; replace or "
                "remove the file"
            )


def _by_strips(image: Image, mode: str, grey: Grey | None) -> Image:
    from PIL import Image as pil

    rows = max(1, STRIP // image.width)
    if image.height <= rows:
        return _strip(image, mode, grey)
    whole = pil.new(mode, image.size)
    for top in range(0, image.height, rows):
        below = min(top + rows, image.height)
        whole.paste(_strip(image.crop((0, top, image.width, below)), mode, grey), (0, top))
    return whole


def _strip(image: Image, mode: str, grey: Grey | None) -> Image:
    """The picture in a mode, its transparent pixels over white."""
    from PIL import Image as pil

    if grey is not None:
        return _levels(image.convert("L") if image.mode == "1" else image, grey).convert(mode)
    if image.mode == "La":  # which Pillow converts to nothing else
        image = image.convert("LA")
    if image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        colours = image.convert("RGBA")
        image = pil.alpha_composite(pil.new("RGBA", colours.size, "white"), colours)
    return image.convert(mode)


def _levels(image: Image, grey: Grey) -> Image:
    """The nearest of 256 levels of each sample."""
    from PIL import Image as pil

    samples = np.asarray(image).astype(np.int64).clip(0, grey.most)
    light = grey.most - samples if grey.inverted else samples
    levels = ((light * 510 + grey.most) // (2 * grey.most)).astype(np.uint8)
    if grey.transparent is not None:
        levels[samples == grey.transparent] = 255
    return pil.fromarray(levels)
