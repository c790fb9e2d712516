"""windows: how TFLite's operators are told to move a window as linocut does.

linocut pads (window - 1) // 2 before an image and what is needed behind it. TFLite's SAME halves what is needed in all,
so that with a stride it may begin elsewhere. Then the image is padded first, or made larger, or what the operator gives
is thinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linocut.export.padding import margins
from linocut.export.tflite.layout import CHANNELS
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array

SAME, VALID = 0, 1  # numbers of TFLite's Padding
Margins = tuple[tuple[int, int], tuple[int, int]]  # above and below, left and right
NONE: Margins = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Moves:
    """What is put around an image, padding and stride of the operator, and what is kept of its rows and columns.

    Each `step`-th from the first on is kept, as many as there must be.
    """

    padding: int
    stride: int
    around: Margins = NONE
    step: int = 1


def moves(window: Window, image: Shape, given: Shape) -> Moves | None:
    """A window over `image` (height, width) that gives `given`, by one operator alone; None where none can."""
    needed = margins(window, window.size, image, given)
    if not any(map(any, needed)):
        return Moves(VALID, window.stride)
    theirs = [_theirs(size, window.stride, side) for size, side in zip(window.size, image, strict=True)]
    return Moves(SAME, window.stride) if theirs == [before for before, _ in needed] else None


def padded(window: Window, image: Shape, given: Shape) -> Moves:
    """The same, for what may be padded with a number that changes nothing."""
    top_bottom, left_right = margins(window, window.size, image, given)
    return moves(window, image, given) or Moves(VALID, window.stride, (top_bottom, left_right))


def thinned(window: Window, image: Shape, given: Shape) -> Moves:
    """The same, for what only the operator can pad: of a stride of 1, where SAME agrees, some outputs are kept."""
    return moves(window, image, given) or Moves(SAME, 1, step=window.stride)


def widened(window: Window, image: Shape, given: Shape) -> Moves:
    """The same for a product of signs, which have no 0 to be padded with.

    Rows and columns behind the image make SAME begin where linocut does, if only outputs that are not kept read them.
    Else signs are put around the image, and `excess` is what they add. That is so too where the window is larger than
    the image: Larq Compute Engine 0.16 takes off too much there.
    """
    needed = margins(window, window.size, image, given)
    if not any(map(any, needed)):
        return Moves(VALID, window.stride)
    sides = zip(window.size, image, needed, strict=True)
    more = [_more(size, window.stride, side, *margin) for size, side, margin in sides]
    if any(count is None or side + count < size for size, side, count in zip(window.size, image, more, strict=True)):
        return Moves(VALID, window.stride, (needed[0], needed[1]))
    rows, columns = (int(count or 0) for count in more)
    return Moves(SAME, window.stride, ((0, rows), (0, columns)))


def excess(sums: Array, how: Moves, image: Shape, given: Shape) -> Array:
    """What signs of +1 around an image add to a product: (height, width, outputs) of `given`, int64.

    `sums` (outputs, rows, columns) are those of the weights of each tap.
    """
    rows, columns = (
        _inside(count, size, how.stride, before, side)
        for count, size, (before, _), side in zip(given, sums.shape[1:], how.around, image, strict=True)
    )
    inside = rows[:, None, :, None] & columns[None, :, None, :]
    return np.einsum("ijrc,orc->ijo", ~inside, sums.astype(np.int64))


def _inside(count: int, size: int, stride: int, before: int, side: int) -> Array:
    """Which taps of each output are within the image: booleans (count, size)."""
    place = np.arange(count)[:, None] * stride + np.arange(size) - before
    return (place >= 0) & (place < side)


def over(image: Shape, size: tuple[int, int], how: Moves, channels: int) -> Shape:
    """The shape of what an operator gives over an image, before rows and columns of it are kept."""
    taps = (1, 1) if how.padding == SAME else size
    height, width = (-(-(side - tap + 1) // how.stride) for side, tap in zip(image[1:CHANNELS], taps, strict=True))
    return (1, height, width, channels)


def _theirs(size: int, stride: int, side: int) -> int:
    """What TFLite's SAME puts before an image."""
    return max(0, (-(-side // stride) - 1) * stride + size - side) // 2


def _more(size: int, stride: int, side: int, before: int, behind: int) -> int | None:
    """How much larger a side must be so that SAME puts `before` before it: one more than a multiple of the stride."""
    if _theirs(size, stride, side) == before:
        return 0
    return None if behind else (1 - side) % stride
