"""conv2d: Y = X * W over images, binary or in floats (NHWC; weights are (outputs, rows, columns, inputs)).

    x bit,  weights bit    XNOR and popcount; an exact integer
    x u8,   weights bit    sum (2u - 255) w, an exact integer; a float Y divides it by 255
    x f32,  weights bit    the same in floats
    x f16 or f32, weights f16 or f32    a convolution in full precision
Padding adds 0. With exact = 1 a product of floats is rounded to f32, then added, in the order of taps and inputs: the
same bits on every machine. With exact = 0 the order, and whether a product is rounded, are the machine's.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import work
from linocut.ops.base import Op, Sizes, View
from linocut.ops.bits import Array
from linocut.ops.limits import CONVOLUTION, MOST_BITS, MOST_BYTES, U8_SCALE, at_most
from linocut.ops.rule import Rule
from linocut.ops.window import taps
from linocut.ops.work import OF_INPUTS, Amount


def reference(*, x: View, weights: View, y: View, stride: float, pad_top: float, pad_left: float, exact: float) -> None:
    """X (B, H, W, C), weights (N, P, Q, C) -> y (B, I, J, N)."""
    total = sums(x, weights.values(), y.shape, (stride, pad_top, pad_left), bool(exact))
    if x.format == "u8" and not y.form.is_integer:
        total = total.astype(np.float32) / np.float32(U8_SCALE)
    y.store(total.reshape(-1, y.cols))


def sums(x: View, kernel: Array, shape: tuple[int, ...], at: tuple[float, float, float], exact: bool = False) -> Array:
    """X (B, H, W, C), kernel (N, P, Q, C) of numbers, (stride, pad_top, pad_left) -> sums of `shape` (B, I, J, N).

    int64 for bits and bytes, else float64, or float32 if exact.
    """
    inputs = numbers(x)
    integer = inputs.dtype == np.int64
    wide = np.int64 if integer else np.float32 if exact else np.float64
    total = np.zeros(shape, wide)
    stride, *pads = map(int, at)
    for tap in taps(kernel.shape[1:3], x.shape[1:3], shape[1:3], stride, tuple(pads)):
        seen = inputs[tap.inputs].astype(wide)
        add_product(total[tap.outputs], seen, kernel[:, tap.row, tap.column].T.astype(wide), exact)
    return total


def numbers(x: View) -> Array:
    """The inputs in their own dimensions: integers for bits and bytes (a byte u counts 2u - 255), else floats."""
    if x.format == "u8":
        return 2 * x.values().astype(np.int64) - U8_SCALE
    return x.values()


def add_product(total: Array, a: Array, b: Array, exact: bool) -> None:
    """Total (..., n) += a (..., k) b (k, n), in place; if exact, one k after the other, every step rounded to f32."""
    if not exact or total.dtype != np.float32:
        total += a @ b
        return
    for k in range(a.shape[-1]):
        total += a[..., k : k + 1] * b[k]


def count(sizes: Sizes) -> int:
    """Multiply-accumulates of a convolution, padding included."""
    return sizes["B"] * sizes["I"] * sizes["J"] * sizes["N"] * sizes["P"] * sizes["Q"] * sizes["C"]


OP = Op(
    "conv2d",
    20,
    "<x:bit|u8|f16|f32[B,H,W,C] <weights:bit|f16|f32[N,P,Q,C] >y:i16|i32|f16|f32[B,I,J,N]; "
    "stride pad_top pad_left exact",
    reference,
    (
        Rule(
            "x != f16 if weights == bit else x in (f16, f32)",
            "x {x} and weights {weights}: bits go with bits, u8 or f32, weights in floats with x in floats",
        ),
        Rule("x in (bit, u8) or y in (f16, f32)", "x {x} has no integer product; store Y as f32 or f16"),
        at_most(
            "P * Q * C",
            "inputs",
            f"({MOST_BYTES} if x == u8 else {MOST_BITS})",
            "store Y in a wider format or use a smaller window",
            "{y}",
        ),
        *CONVOLUTION,
    ),
    Amount(work.CONVOLUTION, OF_INPUTS),
    workspace="493 if x == bit else 391 if x == u8 else 358",
)
