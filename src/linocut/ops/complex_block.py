"""complex_block and complex_parts: complex numbers as real ones, so that products of real matrices are complex ones.

A row of complex channels is [re | im]. Of rows z complex_block gives conj(z) = [re | -im], and behind them i conj(z) =
[im | re]: of weights [Wr | Wi] these are the real rows of the complex product, re = [Wr | -Wi] [xr | xi] and im = [Wi |
Wr] [xr | xi]; of inputs they are what dW = sum conj(x) g sums with the real parts of g, and with the imaginary ones.
complex_parts gives the real parts of all rows, and behind them the imaginary ones.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.limits import U8_SCALE
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

PAIRS = Rule("C % 2 == 0", "{C} channels are no pairs of real and imaginary parts; take an even number")
TWICE = Rule("S == 2 * R", "y has {S} rows, must have {2 * R}, two for each of x")
SAME = Rule("x == y", "x {x} and y {y} must have the same format")


def blocked_bits(packed: Array, inputs: int) -> Array:
    """Packed weights (outputs, ..., words) of so many inputs, parts counted -> the real rows, twice the outputs."""
    real, imaginary = np.split(unpack(packed, inputs), 2, axis=-1)
    rows = np.concatenate([real, ~imaginary], axis=-1), np.concatenate([imaginary, real], axis=-1)
    return pack(np.concatenate(rows))


def blocked_floats(weights: Array) -> Array:
    """Weights (outputs, ..., inputs), parts counted -> the real rows, twice the outputs."""
    real, imaginary = np.split(weights, 2, axis=-1)
    rows = np.concatenate([real, -imaginary], axis=-1), np.concatenate([imaginary, real], axis=-1)
    return np.concatenate(rows)


def block(*, x: View, y: View) -> None:
    """X (R, C) -> y (2 R, C): [re | -im] of all rows, then [im | re]; the negative of a byte u is 255 - u."""
    values = x.bits() if x.form.is_bits else x.numbers()
    real, imaginary = np.split(values, 2, axis=1)
    negative = ~imaginary if x.form.is_bits else U8_SCALE - imaginary if x.format == "u8" else -imaginary
    y.store(np.concatenate([np.hstack([real, negative]), np.hstack([imaginary, real])]))


def parts(*, x: View, y: View) -> None:
    """X (R, C) -> y (2 R, C / 2): the real parts of all rows, then the imaginary ones."""
    values = x.bits() if x.form.is_bits else x.numbers()
    y.store(np.concatenate(np.split(values, 2, axis=1)))


BLOCK = Op(
    "complex_block",
    110,
    "<x:bit|u8|f16|f32[R,C] >y:bit|u8|f16|f32[S,C]",
    block,
    (SAME, PAIRS, TWICE),
    Amount("S * C"),
)
PARTS = Op(
    "complex_parts",
    111,
    "<x:bit|i4|i8|f16|f32[R,C] >y:bit|i4|i8|f16|f32[S,D]",
    parts,
    (SAME, Rule("C == 2 * D", "y has {D} channels, must have half of the {C} of x"), TWICE),
    Amount("S * D"),
)
OPS = (BLOCK, PARTS)
