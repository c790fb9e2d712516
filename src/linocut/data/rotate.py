"""rotate: images turned about their middles, in whole numbers, so that every machine makes the same of them.

Bilinear: a pixel is the mean of the four that surround where it comes from, weighted in parts of 256. What would come
from beyond the image comes from the pixel of its edge that is nearest.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT = 16  # bits of the fractions of sines and cosines
PARTS = 8  # bits of the fraction of a pixel
AT_ONCE = 1 << 16  # pixels that are turned at once: the memory that it takes beside the images is some 40 times as many
MOST_SIDES = 1 << 13  # height and width, of images whose places are computed in 32 bits


def rotate(images: NDArray[Any], degrees: NDArray[np.float64]) -> None:
    """Turn images (n, height, width, channels), u8 or f32, in place, each by its angle (n,), -45 to 45.

    Positive angles turn from the height's axis towards the width's.
    """
    each = max(1, AT_ONCE // max(1, images.shape[1] * images.shape[2]))
    for begin in range(0, len(images), each):
        some = images[begin : begin + each]
        some[...] = _rotated(some, degrees[begin : begin + each])


def _rotated(images: NDArray[Any], degrees: NDArray[np.float64]) -> NDArray[Any]:
    count, height, width, channels = images.shape
    whole: Any = np.int32 if height + width <= MOST_SIDES else np.int64
    sine, cosine = (np.rint(np.ldexp(part, UNIT)).astype(whole)[:, None, None] for part in _of(degrees))
    down = (2 * np.arange(height, dtype=whole) - (height - 1))[None, :, None]  # from the middle, in halves of a pixel
    across = (2 * np.arange(width, dtype=whole) - (width - 1))[None, None, :]
    rows = _places(cosine * down - sine * across, height)
    columns = _places(sine * down + cosine * across, width)
    first = np.arange(count, dtype=np.int64)[:, None, None] * (height * width)
    pixels = images.reshape(-1, channels)
    above, left = rows >> PARTS, columns >> PARTS
    below, right = np.minimum(above + 1, height - 1), np.minimum(left + 1, width - 1)
    lower, later = (part & ((1 << PARTS) - 1) for part in (rows, columns))
    one = 1 << PARTS
    taken: Any = 0
    for row, share in ((above, one - lower), (below, lower)):
        start = first + row * width
        for column, part in ((left, one - later), (right, later)):
            taken = taken + pixels[start + column] * (share * part)[..., None].astype(_wide(images))
    if images.dtype == np.uint8:
        return (taken + (1 << (2 * PARTS - 1)) >> (2 * PARTS)).astype(np.uint8)
    scaled: NDArray[Any] = taken * np.float32(0.5 ** (2 * PARTS))
    return scaled


def _wide(images: NDArray[Any]) -> Any:
    return np.uint32 if images.dtype == np.uint8 else np.float32


def _places(turned: NDArray[Any], size: int) -> NDArray[Any]:
    """Where pixels come from along a side of `size` pixels, in parts of one, of places from its middle."""
    beyond = turned.dtype.type(size - 1)
    return np.clip((turned + (beyond << UNIT)) >> (UNIT + 1 - PARTS), 0, beyond << PARTS)


def _of(degrees: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine and cosine by their series, exact to 2**-30 below 45 degrees; libraries of machines round otherwise."""
    angle = degrees * (math.pi / 180)
    square = angle * angle
    sine = cosine = np.ones_like(angle)
    for n in range(12, 0, -2):
        sine = 1 - square / (n * (n + 1)) * sine
        cosine = 1 - square / (n * (n - 1)) * cosine
    return angle * sine, cosine
