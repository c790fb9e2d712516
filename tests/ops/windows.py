"""Random windows over random images: sizes and attributes that fit each other, odd ones among them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sequences

from linocut.ops import Op
from linocut.ops.max_pool import planes

LARGE = {"B": 3, "H": 13, "W": 17, "P": 3, "Q": 3}  # more pixels than a kernel's tile has rows
MANY = {"B": 2, "H": 10, "W": 9, "P": 9, "Q": 8}  # more taps than a kernel takes at a time


def has_images(op: Op) -> bool:
    """Whether an operand of the instruction is a batch of images, or the weights of a convolution."""
    if op.name in sequences.NAMES:
        return False
    return any("H" in operand.dims or {"P", "Q"} <= set(operand.dims) for operand in op.signature.operands)


def draw(op: Op, sizes: Mapping[str, int], rng: np.random.Generator) -> tuple[dict[str, int], dict[str, float]]:
    """The sizes completed to those of images and a window, and the window's attributes. C and N stay as given."""
    if op.name.startswith("sum_pool"):
        return side_by_side(sizes, rng)
    kind = rng.random()
    large = kind < 0.2
    drawn = {letter: int(rng.integers(1, most + 1)) for letter, most in _MOST.items()}
    if large:
        drawn = dict(LARGE if kind < 0.15 else MANY)
    attributes: dict[str, float] = {"exact": float(rng.integers(2))}
    stride = int(rng.choice([1, 1, 1, 2, 2, 3, 3, 40]))
    pads = [int(rng.integers(0, drawn[letter])) for letter in "PQ"]
    if "height" in op.signature.attributes and rng.random() < 0.3:  # the usual pool
        drawn["P"] = drawn["Q"] = stride = 2
        pads = [0, 0] if rng.random() < 0.7 else [1, 0]
    for output, image, window, pad in zip("IJ", "HW", "PQ", pads, strict=True):
        fitting = (drawn[image] - 1 + pad) // stride + 1  # outputs that see at least one pixel
        drawn[output] = fitting if large else int(rng.integers(max(1, fitting - 2), fitting + 1))
        attributes["height" if window == "P" else "width"] = float(drawn[window])
    attributes |= {"stride": float(stride), "pad_top": float(pads[0]), "pad_left": float(pads[1])}
    drawn["L"] = planes(drawn["P"], drawn["Q"])
    found = {**sizes, **drawn}
    if op.name in ("flatten_bits", "unflatten_bits"):
        found["K"] = found["H"] * found["W"] * found["C"]
    return found, attributes


def side_by_side(sizes: Mapping[str, int], rng: np.random.Generator) -> tuple[dict[str, int], dict[str, float]]:
    """Windows side by side, as many as images hold."""
    height, width, rows, columns = (int(n) for n in rng.integers(1, 4, 4))
    image = {"H": rows * height + int(rng.integers(height)), "W": columns * width + int(rng.integers(width))}
    found = {**sizes, "B": int(rng.integers(1, 4)), **image, "I": rows, "J": columns}
    return found, {"height": float(height), "width": float(width)}


_MOST = {"B": 3, "H": 9, "W": 9, "P": 4, "Q": 4}
