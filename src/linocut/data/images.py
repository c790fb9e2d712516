"""Image files, decoded by Pillow to u8 arrays (height, width, channels).

Grey images have 1 channel, all others 3 (red, green, blue). Transparent pixels are laid over white; 16-bit
grey is scaled to 8 bits. Pictures are upright: the orientation that a camera noted is applied (orientation.py).

Whatever a file is called, only the common formats below are decoded, none of which runs another program as Pillow's
EPS does, and AVIF and HEIC where Pillow can; and none of more pixels than MOST_PIXELS, as a few bytes may claim any
number of them. Colours are converted strip by strip, so that decoding takes no more than MOST_BYTES a pixel.

Images of another size than wanted are resized as resizing.py says, the same way in training and in predicting.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.dataset import Box, Resizing
from linocut.data.orientation import orientation
from linocut.data.resizing import WHOLE, find_resizing, part
from linocut.errors import DataError
from linocut.files import open_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
MOST_PIXELS = 1 << 26  # 64 megapixels
MOST_BYTES = 24  # of memory for a pixel: what Pillow takes for a WebP or a turned TIFF; half of them for most others
MOST_PIXELS_OF_MORE = 1 << 24  # of AVIF and HEIC: decoders of video may keep many frames, of which few bytes may tell
STRIP = 1 << 18  # pixels that are converted together
ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b";"}
MORE = ("AVIF", "HEIF")  # formats that only some Pillows decode; HEIF, the files called .heic, with pillow-heif
BRAND = slice(4, 8), b"ftyp"  # where files of these formats have what
GREY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"))


def image_shape(path: Path, *, whole: bool = False) -> tuple[int, int, int]:
    """Height, width and channels by the file's header; DataError for a file that is no image.

    So is one for a file that does not end as its format does, as a download does that was broken off. If `whole`, all
    pixels are decoded, and forgotten, so that damage anywhere in the file is a DataError too.
    """
    with _opened(path) as image:
        channels = 1 if image.mode in GREY_MODES else 3
        if whole or not _ends_well(path, image.format):
            image.load()  # whether what lacks is needed: some files have something else behind the image
        turn = orientation(image, path)
        return *turn.size(image.height, image.width), channels


def _ends_well(path: Path, form: str | None) -> bool:
    """Whether the mark with which its format ends is at the end of the file; also where the format has none."""
    mark = ENDS.get(form or "")
    if mark is None:
        return True
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(mark)))
        return file.read() == mark


def read_image(path: str | Path, shape: tuple[int, ...], resizing: Resizing = WHOLE) -> NDArray[np.uint8]:
    """One image as u8 of `shape` (height, width, 1 or 3), converted and made that size, or a DataError.

    For a trained network call `predictor.read_image(path)`, which resizes as its training did.
    """
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{path}: the network takes examples of shape {shape}, an image has (height, width, 1 or 3); "
            "give it examples as arrays"
        )
    return decode(Path(path), (shape[0], shape[1], shape[2]), resizing=find_resizing(resizing))


def decode(
    path: Path,
    shape: tuple[int, int, int],
    *,
    resizing: Resizing | None,
    crop: Callable[[int, int], Box] | None = None,
) -> NDArray[np.uint8]:
    """The pixels of the file as `shape` (height, width, channels): in training, evaluating and predicting alike.

    An image of another size is refused where `resizing` is None. `crop` (height, width) says which part to take, by
    default that of `resizing`; it is resized bilinearly, antialiased.
    """
    size, channels = shape[:2], shape[2]
    with _opened(path) as image:
        turn = orientation(image, path)
        found = turn.size(image.height, image.width)
        if resizing is None and found != size:
            raise DataError(
                f"{path} is {found[0]} x {found[1]} pixels (height x width), must be "
                f"{size[0]} x {size[1]}; it has changed since it was opened: restore it, or give a size"
            )
        height, width = turn.size(*size)  # as it is stored
        if crop is None and found == size:
            pixels = _converted(image, channels)
        else:
            box = crop(*found) if crop else part(resizing or WHOLE, *found, size)
            box = _reduced(image, turn.stored(box, *found), (height, width))
            from PIL.Image import Resampling

            pixels = _converted(image, channels).resize((width, height), Resampling.BILINEAR, box)
        return turn.upright(np.asarray(pixels, np.uint8).reshape(height, width, channels))


def _reduced(image: Image, box: Box, size: tuple[int, int]) -> Box:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8, if `box` then still has `size` pixels; the box in those pixels."""
    if image.format not in ("JPEG", "MPO"):  # of a HEIC this would take a thumbnail
        return box
    left, top, right, bottom = box
    height, width = image.height, image.width
    image.draft(
        None,  # the mode stays as it is
        (math.ceil(width * size[1] / (right - left)), math.ceil(height * size[0] / (bottom - top))),
    )
    down, across = image.height / height, image.width / width
    return left * across, top * down, min(right * across, image.width), min(bottom * down, image.height)


@cache
def decodes(form: str) -> bool:
    """Whether Pillow decodes this one of MORE on this machine."""
    from PIL import features

    if form == "AVIF":
        return "avif" in features.modules and bool(features.check("avif"))
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return False
    return True


def _open(path: Path) -> Image:
    """The image in one of FORMATS, or of MORE as far as they can be decoded; Pillow's errors for others."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        with open(path, "rb") as file:
            if file.read(BRAND[0].stop)[BRAND[0]] != BRAND[1]:
                raise
    if more := [form for form in MORE if decodes(form)]:
        Image.init()  # where AVIF is registered
        with suppress(UnidentifiedImageError):
            return Image.open(path, formats=more)
    able = f" this Pillow decodes {' and '.join(more)} of these" if more else " this Pillow decodes none of these"
    raise DataError(
        f"{path} is a file of the kind of AVIF, HEIC or MP4, but no picture that can be read:{able}; install "
        "pillow-heif for HEIC, convert the file to PNG or JPEG, or remove it"
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """The image, its pixels not yet decoded; whatever Pillow raises in the block becomes a DataError."""
    from PIL import UnidentifiedImageError

    try:
        os.close(open_plain(path))  # else Pillow waits at a pipe
        with _open(path) as image:
            most = MOST_PIXELS_OF_MORE if image.format in MORE else MOST_PIXELS
            if image.width * image.height > most:
                raise DataError(
                    f"{path} is {image.height:,} x {image.width:,} pixels (height x width), must have {most:,} "
                    "or fewer; make it smaller"
                )
            if image.mode == "F":
                raise DataError(f"{path} has floating-point pixels, must have 8 or 16 bits; convert the file")
            yield image
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError(
            f"{path} is not an image in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; replace or remove the file"
        ) from None
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; check the path") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise DataError(f"{path} cannot be read as an image: {reason}; replace or remove the file") from None


def _converted(image: Image, channels: int) -> Image:
    """The image in grey (1) or in colours (3), a strip at a time."""
    from PIL import Image as pil

    mode, rows = "L" if channels == 1 else "RGB", max(1, STRIP // image.width)
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.height <= rows:
        return _strip(image, mode)
    whole = pil.new(mode, image.size)
    for top in range(0, image.height, rows):
        below = min(top + rows, image.height)
        whole.paste(_strip(image.crop((0, top, image.width, below)), mode), (0, top))
    return whole


def _strip(image: Image, mode: str) -> Image:
    """The image in a mode, its transparent pixels over white."""
    from PIL import Image as pil

    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would clip them
        wide = np.asarray(image).astype(np.int64).clip(0, 65535)
        image = pil.fromarray(((wide + 128) // 257).astype(np.uint8))
    elif image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        colours = image.convert("RGBA")
        image = pil.alpha_composite(pil.new("RGBA", colours.size, "white"), colours)
    return image.convert(mode)
