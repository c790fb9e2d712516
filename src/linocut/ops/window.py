"""Windows that move over images: which input each output sees through each tap, for convolutions and pools.

Output (i, j) sees input (i stride + p - pad_top, j stride + q - pad_left) through tap (p, q). What lies outside the
image is left out: it adds 0 to a sum, and is never a maximum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from linocut.ops.base import Sizes

MOST_STRIDE = 2**15
ATTRIBUTES = "stride pad_top pad_left"
_ALL = slice(None), slice(None)  # of the batch


@dataclass(frozen=True)
class Tap:
    """One tap: its row and column, and the slices (batch, rows, columns) of outputs and inputs that it connects."""

    row: int
    column: int
    outputs: tuple[slice, slice, slice]
    inputs: tuple[slice, slice, slice]


def taps(
    window: tuple[int, ...], image: tuple[int, ...], output: tuple[int, ...], stride: int, pad: tuple[int, ...]
) -> Iterator[Tap]:
    """The taps of a window, row by row; one that connects nothing is left out. All sizes are (rows, columns)."""
    for row in range(window[0]):
        for column in range(window[1]):
            vertical = _along(row, image[0], output[0], stride, pad[0])
            horizontal = _along(column, image[1], output[1], stride, pad[1])
            if vertical is not None and horizontal is not None:
                outputs, inputs = zip(_ALL, vertical, horizontal, strict=True)
                yield Tap(row, column, outputs, inputs)


def _along(tap: int, image: int, output: int, stride: int, pad: int) -> tuple[slice, slice] | None:
    """The outputs and the inputs that a tap connects in one dimension."""
    first = max(0, -(-(pad - tap) // stride))
    last = min(output - 1, (image - 1 + pad - tap) // stride)
    if first > last:
        return None
    begin = first * stride + tap - pad
    return slice(first, last + 1), slice(begin, begin + (last - first) * stride + 1, stride)


def geometry(sizes: Sizes, attributes: Mapping[str, float]) -> str:
    """Why a window (P, Q) cannot move over images (H, W) to give outputs (I, J), or "".

    Every output sees at least one pixel: a pad is below the window's size, and the last window starts within the image.
    """
    if attributes.get("exact", 0.0) not in (0.0, 1.0):
        return f"exact is {attributes['exact']:g}, must be 0 or 1"
    stride, window = attributes["stride"], (sizes["P"], sizes["Q"])
    if not (float(stride).is_integer() and 1 <= stride <= MOST_STRIDE):
        return f"stride is {stride:g}, must be a whole number from 1 to {MOST_STRIDE}"
    pads = attributes["pad_top"], attributes["pad_left"]
    for name, pad, size, image, output in zip(
        ("pad_top", "pad_left"), pads, window, (sizes["H"], sizes["W"]), (sizes["I"], sizes["J"]), strict=True
    ):
        if not (float(pad).is_integer() and 0 <= pad < size):
            return f"{name} is {pad:g}, must be a whole number from 0 to {size - 1}, below the window's size"
        if (output - 1) * stride - pad >= image:
            return f"{output} outputs of stride {stride:g} and {name} {pad:g} pass the image's {image} pixels"
    return ""


def pool_geometry(sizes: Sizes, attributes: Mapping[str, float]) -> str:
    """The same for a pool, whose window is given by its attributes height and width."""
    for name in ("height", "width"):
        size = attributes[name]
        if not (float(size).is_integer() and 1 <= size <= MOST_STRIDE):
            return f"{name} is {size:g}, must be a whole number from 1 to {MOST_STRIDE}"
    return geometry({**sizes, "P": int(attributes["height"]), "Q": int(attributes["width"])}, attributes)
