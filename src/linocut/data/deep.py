"""Colours of 16 bits, of PNG and TIFF: brought to 8 bits exactly. Pillow keeps the high byte of each sample alone.

The file is decoded twice, once for the high bytes and once for the low ones, which Pillow takes for high ones if it is
told that the bytes are in the other order. Transparent pixels are laid over white in 16 bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linocut.data.png import COLOURS, GREY_ALPHA, Png
from linocut.data.tiff import Tiff

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

STRIP = 1 << 14  # pixels that are converted together: their numbers take 8 bytes each
WHITE = 65535
SWAPPED = {"B": "L", "L": "B", "N": "B"}  # the order of bytes; N is this machine's, which is little-endian
LEVEL = WHITE * 257  # of a product of two samples to a level of 0 to 255


class Deep(NamedTuple):
    """How Pillow is to unpack the high bytes of samples, and the low ones; `both`: a pass gives both, one by one."""

    high: str
    low: str
    both: bool = False
    multiplied: bool = False  # colours are multiplied with their opacity already
    transparent: tuple[int, ...] | None = None


def of_png(png: Png) -> Deep | None:
    """How the colours of a PNG are, None where they are no deep ones."""
    if png.depth != 16:
        return None
    if png.colours == GREY_ALPHA:
        return Deep("RGBA", "", both=True)
    mode = {COLOURS: "RGB", 6: "RGBA"}.get(png.colours)
    return Deep(f"{mode};16B", f"{mode};16L", transparent=png.transparent) if mode else None


def of_tiff(image: Image, path: Path) -> Deep | None:
    """How the colours of a TIFF are, None where they are no deep ones."""
    from PIL import Image as pil

    if Tiff(image).depth != 16 or image.mode not in ("RGB", "RGBX", "RGBA", "CMYK"):
        return None
    opened: Any
    with pil.open(path, formats=("TIFF",)) as opened:  # again: one whose pixels are decoded does not say it any more
        arguments = opened.tile[0][3]
    unpacked = arguments if isinstance(arguments, str) else arguments[0]
    high, order = unpacked.replace("RGBa", "RGBA")[:-1], unpacked[-1]
    return (
        Deep(high + order, high + SWAPPED[order], multiplied=unpacked.startswith("RGBa")) if order in SWAPPED else None
    )


def to_8_bits(path: Path, deep: Deep) -> Image:
    """The picture in mode RGB, over white, grey ones too."""
    high, low = _unpacked(path, deep.high), None if deep.both else _unpacked(path, deep.low)
    rows = max(1, STRIP // high.width)
    for top in range(0, high.height, rows):
        box = 0, top, high.width, min(top + rows, high.height)
        samples = np.asarray(high.crop(box)).astype(np.uint64)
        if low is None:
            samples = samples[..., 0::2] << np.uint64(8) | samples[..., 1::2]
        else:
            samples = samples << np.uint64(8) | np.asarray(low.crop(box))
        high.paste(_strip(samples, high.mode, deep), box)
    del low
    return high if high.mode == "RGB" else high.convert("RGB")


def _unpacked(path: Path, how: str) -> Image:
    """The picture, its samples unpacked as it is said."""
    from PIL import Image as pil

    image: Any
    with pil.open(path, formats=("PNG", "TIFF")) as image:
        tile = image.tile[0]
        arguments = how if isinstance(tile[3], str) else (how, *tile[3][1:])
        image.tile = [tile._replace(args=arguments) if hasattr(tile, "_replace") else (*tile[:3], arguments)]
        image.load()
    return image


def _strip(samples: NDArray[np.uint64], mode: str, deep: Deep) -> Image:
    """Some rows, (height, width, samples) of 16 bits, in 8 bits over white."""
    from PIL import Image as pil

    light = _light(samples, mode, deep)
    levels = ((light + np.uint64(LEVEL // 2)) // np.uint64(LEVEL)).astype(np.uint8)
    return pil.fromarray(np.broadcast_to(levels, (*levels.shape[:2], 3)).copy())


def _light(samples: NDArray[np.uint64], mode: str, deep: Deep) -> NDArray[np.uint64]:
    """How light each colour is: 0 to 65535 * 65535."""
    white = np.uint64(WHITE)
    if mode == "CMYK":
        return (white - samples[..., :3]) * (white - samples[..., 3:])
    if mode in ("RGB", "RGBX"):  # the latter is what older Pillows make of a fourth sample that means nothing
        light = samples[..., :3] * white
        if deep.transparent is not None:
            light[(samples[..., :3] == np.array(deep.transparent, np.uint64)).all(axis=-1)] = white * white
        return light
    colours, opacity = samples[..., :-1], samples[..., -1:]
    if deep.multiplied:
        return np.minimum(colours + (white - opacity), white) * white
    return colours * opacity + white * (white - opacity)
