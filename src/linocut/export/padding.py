"""padding: how far windows go beyond their images, on each side."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.layers.base import Shape
from linocut.layers.window import SAME, Window


def margins(window: Window, sizes: Sequence[int], image: Shape, given: Shape) -> list[tuple[int, int]]:
    """Before and behind along each dimension of `image`, where a window of `sizes` moves and gives `given`."""
    if window.padding != SAME:
        return [(0, 0)] * len(image)
    return [
        (before := (size - 1) // 2, max(0, (after - 1) * window.stride + size - side - before))
        for size, side, after in zip(sizes, image, given, strict=True)
    ]


def pads(window: Window, image: Shape, given: Shape) -> list[int]:
    """ONNX's `pads` of a window that moves over `image` and gives `given`, sizes without channels: before, behind."""
    sides = margins(window, window.size[1:] if window.flat else window.size, image, given)
    return [*(before for before, _ in sides), *(behind for _, behind in sides)]
