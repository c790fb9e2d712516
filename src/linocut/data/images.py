"""Image files, decoded by Pillow to u8 arrays (height, width, channels).

Grey images have 1 channel, all others 3 (red, green, blue). Other depths and transparent pixels are brought to that as
pixels.py says. Pictures are upright: the orientation that a camera noted is applied (orientation.py). What Pillow would
read of damaged files as if they were sound is looked for first (damage.py).

Whatever a file is called, only the common formats below are decoded, none of which runs another program as Pillow's
EPS does, and AVIF and HEIC where Pillow can; and none of more pixels than MOST_PIXELS, as a few bytes may claim any
number of them. Decoding takes no more than MOST_BYTES a pixel.

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

from linocut.data.damage import check, check_kind
from linocut.data.dataset import Box, Resizing
from linocut.data.orientation import Orientation, orientation
from linocut.data.pixels import channels, converted
from linocut.data.resizing import WHOLE, find_resizing, part
from linocut.data.strict import strictly
from linocut.errors import DataError
from linocut.files import open_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
MOST_PIXELS = 1 << 26  # 64 megapixels
MOST_BYTES = 24  # of memory for a pixel: what Pillow takes for a WebP or a turned TIFF; half of them for most others
MOST_PIXELS_OF_MORE = 1 << 24  # of AVIF and HEIC: decoders of video may keep many frames, of which few bytes may tell
ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b";"}
MORE = ("AVIF", "HEIF")  # formats that only some Pillows decode; HEIF, the files called .heic, with pillow-heif
BRAND = slice(4, 8), b"ftyp"  # where files of these formats have what
BEGINNINGS = {
    **{b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WEBP"},
    **{b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF"},
    **{b"P%d" % number: "PPM" for number in range(1, 7)},
}


def image_shape(path: Path, *, whole: bool = False) -> tuple[int, int, int]:
    """Height, width and channels by the file's header; DataError for a file that is no image.

    So is one for a file that does not end as its format does, as a download does that was broken off. If `whole`, all
    pixels are decoded and converted, and forgotten, so that damage anywhere in the file is a DataError too.
    """
    with _opened(path) as image:
        count = channels(image, path)
        if whole or not _ends_well(path, image.format):  # whether what lacks is needed: some have more behind the image
            check(path, image)
            converted(image, count, path)
        turn = orientation(image, path)
        return *turn.size(image.height, image.width), count


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
    return decode(Path(path), _of_pictures(shape, path), resizing=find_resizing(resizing))


def fitted(image: Image, shape: tuple[int, ...], resizing: Resizing = WHOLE) -> NDArray[np.uint8]:
    """A picture that Pillow holds, as `read_image` makes one of a file: upright where its EXIF says how; it is copied.

    One that was opened and not yet decoded is read from its file, as training reads files: a large JPEG is decoded
    smaller, and deep samples are scaled exactly. Of others the pixels are what Pillow made of them. DataError for one
    that cannot be decoded.
    """
    if (path := _undecoded(image)) is not None:
        return read_image(path, shape, resizing)
    name = Path(getattr(image, "filename", "") or "the picture")
    height, width, count = _of_pictures(shape, name)
    if image.mode == "F":
        raise DataError(f"{name} has floats as pixels; give it as bytes: an array of uint8, 0 to 255")
    with _explained(name), strictly():
        copy = image.copy()
        return _made(copy, name, (height, width, count), find_resizing(resizing), None, orientation(copy, name))


def _undecoded(image: Image) -> Path | None:
    """The file of a picture that is as it was opened: its first frame, no pixel of which was asked for."""
    from PIL.ImageFile import ImageFile

    fresh = isinstance(image, ImageFile) and image.tile and image.tell() == 0
    name = getattr(image, "filename", "")
    return Path(os.fsdecode(name)) if fresh and name and os.path.isfile(name) else None


def _of_pictures(shape: tuple[int, ...], what: object) -> tuple[int, int, int]:
    """The shape of an example; DataError where it is not that of a picture."""
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{what}: the network takes examples of shape {shape}, an image has (height, width, 1 or 3); "
            "give it examples as arrays"
        )
    return shape[0], shape[1], shape[2]


def decode(
    path: Path,
    shape: tuple[int, int, int],
    *,
    resizing: Resizing | None,
    crop: Callable[[int, int], Box] | None = None,
    sound: bool = False,
) -> NDArray[np.uint8]:
    """The pixels of the file as `shape` (height, width, channels): in training, evaluating and predicting alike.

    An image of another size is refused where `resizing` is None. `crop` (height, width) says which part to take, by
    default that of `resizing`; it is resized bilinearly, antialiased. A file that was looked at for damage before is
    `sound`, which saves up to half of the time.
    """
    size = shape[:2]
    with _opened(path) as image:
        if not sound:
            check(path, image)
        turn = orientation(image, path)
        found = turn.size(image.height, image.width)
        if resizing is None and found != size:
            raise DataError(
                f"{path} is {found[0]} x {found[1]} pixels (height x width), must be "
                f"{size[0]} x {size[1]}; it has changed since it was opened: restore it, or give a size"
            )
        return _made(image, path, shape, resizing or WHOLE, crop, turn)


def _made(
    image: Image,
    path: Path,
    shape: tuple[int, int, int],
    resizing: Resizing,
    crop: Callable[[int, int], Box] | None,
    turn: Orientation,
) -> NDArray[np.uint8]:
    """The pixels of an opened picture, which `turn` puts upright, as `shape`."""
    size, count, found = shape[:2], shape[2], turn.size(image.height, image.width)
    height, width = turn.size(*size)  # as it is stored
    if crop is None and found == size:
        pixels = converted(image, count, path)
    else:
        box = crop(*found) if crop else part(resizing, *found, size)
        box = _reduced(image, turn.stored(box, *found), (height, width))
        from PIL.Image import Resampling

        pixels = converted(image, count, path).resize((width, height), Resampling.BILINEAR, box)
    return turn.upright(np.asarray(pixels, np.uint8).reshape(height, width, count))


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


def _unidentified(path: Path) -> str:
    """What a file is that Pillow does not know."""
    with open(path, "rb") as file:
        head = file.read(8)
    form = next((form for mark, form in BEGINNINGS.items() if head.startswith(mark)), None)
    if form is None:
        return f"is not an image in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    return f"begins as a {form} does, but is damaged, or of a kind that Pillow does not read"


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """The image, its pixels not yet decoded; whatever Pillow raises in the block becomes a DataError."""
    with _explained(path):
        os.close(open_plain(path))  # else Pillow waits at a pipe
        with strictly(), _open(path) as image:
            most = MOST_PIXELS_OF_MORE if image.format in MORE else MOST_PIXELS
            if image.width * image.height > most:
                raise DataError(
                    f"{path} is {image.height:,} x {image.width:,} pixels (height x width), must have {most:,} "
                    "or fewer; make it smaller"
                )
            check_kind(path, image)
            yield image


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """A block in which whatever Pillow raises becomes a DataError that says what it is of."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path} {_unidentified(path)}; replace or remove the file") from None
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; check the path") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise DataError(f"{path} cannot be read as an image: {reason}; replace or remove the file") from None
