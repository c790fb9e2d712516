"""Convolutions and pools in NumPy, as plainly as they can be written: images are padded and every window is cut out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linocut.layers import (
    AveragePool2D,
    BinaryConv2D,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    Network,
    QuantisedConv2D,
)
from linocut.ops.bits import Array


@dataclass(frozen=True)
class Moving:
    """A window of some height and width and how it moves over images (batch, height, width, channels)."""

    height: int
    width: int
    stride: int
    same: bool

    def pads(self, image: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels of padding before and after, for rows and for columns."""
        rows, columns = (self._along(n, k) for n, k in zip(image[1:3], (self.height, self.width), strict=True))
        return rows, columns

    def padded(self, x: Array, fill: float) -> Array:
        return np.pad(x, ((0, 0), *self.pads(x.shape), (0, 0)), constant_values=fill)

    def places(self, image: tuple[int, ...]) -> Iterator[tuple[int, int, slice, slice]]:
        """Every output (i, j), and what it sees of the padded image."""
        (top, bottom), (left, right) = self.pads(image)
        for i, row in enumerate(range(0, image[1] + top + bottom - self.height + 1, self.stride)):
            for j, column in enumerate(range(0, image[2] + left + right - self.width + 1, self.stride)):
                yield i, j, slice(row, row + self.height), slice(column, column + self.width)

    def cut(self, x: Array, fill: float = 0.0) -> Array:
        """What each output sees: (batch, height', width', rows, columns, channels)."""
        image = self.padded(x, fill)
        found = {(i, j): image[:, rows, columns] for i, j, rows, columns in self.places(x.shape)}
        last = max(found)
        grid = [[found[i, j] for j in range(last[1] + 1)] for i in range(last[0] + 1)]
        return np.array(grid).transpose(2, 0, 1, 3, 4, 5)

    def gathered(self, patches: Array, image: tuple[int, ...]) -> Array:
        """The sum, for every pixel of an image, of what the windows hold there: the transpose of `cut`."""
        total = self.padded(np.zeros(image), 0.0)
        for i, j, rows, columns in self.places(image):
            total[:, rows, columns] += patches[:, i, j]
        (top, _), (left, _) = self.pads(image)
        return total[:, top : top + image[1], left : left + image[2]]

    def _along(self, image: int, window: int) -> tuple[int, int]:
        if not self.same:
            return 0, 0
        before = (window - 1) // 2
        reach = (-(-image // self.stride) - 1) * self.stride + window  # of the last output's window
        return before, max(0, reach - image - before)


def moving(network: Network, name: str, image: tuple[int, ...]) -> Moving:
    """The window of the layer called `name`, over images of some shape."""
    layer: Layer = network.graph.node(name).layer
    if isinstance(layer, GlobalAveragePool):
        return Moving(image[1], image[2], 1, False)
    if isinstance(layer, Dense):  # a convolution of images of one pixel
        return Moving(1, 1, 1, False)
    assert isinstance(layer, (BinaryConv2D, QuantisedConv2D, Conv2D, MaxPool2D, AveragePool2D))
    size = layer.size if isinstance(layer, (MaxPool2D, AveragePool2D)) else layer.kernel
    height, width = (size, size) if isinstance(size, int) else size
    return Moving(height, width, layer.stride or height, layer.padding == "same")


def convolved(x: Array, w: Array, window: Moving) -> Array:
    """Y of images x and weights (outputs, rows, columns, inputs)."""
    return np.einsum("bijpqc,npqc->bijn", window.cut(x), w, optimize=True)


def weight_gradient(dy: Array, x: Array, window: Moving) -> Array:
    return np.einsum("bijn,bijpqc->npqc", dy, window.cut(x), optimize=True)


def input_gradient(dy: Array, w: Array, image: tuple[int, ...], window: Moving) -> Array:
    return window.gathered(np.einsum("bijn,npqc->bijpqc", dy, w, optimize=True), image)


def largest(x: Array, window: Moving) -> Array:
    return window.cut(x, -np.inf).max(axis=(3, 4))


def largest_gradient(dy: Array, x: Array, window: Moving) -> Array:
    """Dy goes to the first of the largest of its window."""
    patches = window.cut(x, -np.inf)
    batch, height, width, rows, columns, channels = patches.shape
    first = patches.reshape(batch, height, width, rows * columns, channels).argmax(axis=3)
    taps = np.arange(rows * columns)[:, None]
    shares = np.where(first[:, :, :, None] == taps, dy[:, :, :, None], 0.0)
    return window.gathered(shares.reshape(patches.shape), x.shape)


def averaged(x: Array, window: Moving) -> Array:
    return window.cut(x).sum(axis=(3, 4)) / _counts(x.shape, window)


def averaged_gradient(dy: Array, image: tuple[int, ...], window: Moving) -> Array:
    shares = np.broadcast_to(
        (dy / _counts(image, window))[:, :, :, None, None],
        (*dy.shape[:3], window.height, window.width, dy.shape[3]),
    )
    return window.gathered(shares, image)


def _counts(image: tuple[int, ...], window: Moving) -> Array:
    return window.cut(np.ones((1, *image[1:3], 1))).sum(axis=(3, 4))
