"""Windows that move over images: which input each output sees through each tap, for convolutions and pools.

Output (i, j) sees input (i stride + p - pad_top, j stride + q - pad_left) through tap (p, q). What lies outside the
image is left out: it adds 0 to a sum, and is never a maximum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
            vertical = along(row, image[0], output[0], stride, pad[0])
            horizontal = along(column, image[1], output[1], stride, pad[1])
            if vertical is not None and horizontal is not None:
                outputs, inputs = zip(_ALL, vertical, horizontal, strict=True)
                yield Tap(row, column, outputs, inputs)


def along(tap: int, image: int, output: int, stride: int, pad: int) -> tuple[slice, slice] | None:
    """The outputs and the inputs that a tap connects in one dimension; None where it connects nothing."""
    first = max(0, -(-(pad - tap) // stride))
    last = min(output - 1, (image - 1 + pad - tap) // stride)
    if first > last:
        return None
    begin = first * stride + tap - pad
    return slice(first, last + 1), slice(begin, begin + (last - first) * stride + 1, stride)
