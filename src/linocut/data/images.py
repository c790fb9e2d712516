"""Image files, decoded by Pillow to u8 arrays (height, width, channels).

Grey images have 1 channel, all others 3 (red, green, blue). Transparent pixels are laid over white; 16-bit
grey is scaled to 8 bits. An orientation noted by a camera is not applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

GREY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"))


def image_shape(path: Path) -> tuple[int, int, int]:
    """Height, width and channels by the file's header alone; DataError for a file that is no image."""
    with _opened(path) as image:
        return image.height, image.width, 1 if image.mode in GREY_MODES else 3


def read_image(path: str | Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """One image as u8 of `shape` (height, width, 1 or 3), converted and resized to it, or a DataError."""
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{path}: the network takes examples of shape {shape}, an image has (height, width, 1 or 3); "
            "give it examples as arrays"
        )
    return decode(Path(path), (shape[0], shape[1], shape[2]), resize=True)


def decode(path: Path, shape: tuple[int, int, int], *, resize: bool) -> NDArray[np.uint8]:
    """The pixels of the file as `shape`; another size is resized (bilinear, antialiased) or refused."""
    height, width, channels = shape
    with _opened(path) as image:
        if not resize and (image.height, image.width) != (height, width):
            raise DataError(
                f"{path} is {image.height} x {image.width} pixels (height x width), must be "
                f"{height} x {width}; it has changed since it was opened: restore it, or give a size"
            )
        plain = _converted(image, "L" if channels == 1 else "RGB")
        if plain.size != (width, height):
            from PIL.Image import Resampling

            plain = plain.resize((width, height), Resampling.BILINEAR)
        return np.asarray(plain, np.uint8).reshape(shape)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    """The image, its pixels not yet decoded; whatever Pillow raises in the block becomes a DataError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.mode == "F":
                raise DataError(f"{path} has floating-point pixels, must have 8 or 16 bits; convert the file")
            yield image
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path} is not an image that Pillow can read; replace or remove the file") from None
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; check the path") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise DataError(f"{path} cannot be read as an image: {reason}; replace or remove the file") from None


def _converted(image: Image, mode: str) -> Image:
    from PIL import Image as pil

    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would clip them
        wide = np.asarray(image).astype(np.int64).clip(0, 65535)
        image = pil.fromarray(((wide + 128) // 257).astype(np.uint8))
    elif image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        colours = image.convert("RGBA")
        image = pil.alpha_composite(pil.new("RGBA", colours.size, "white"), colours)
    return image.convert(mode)
