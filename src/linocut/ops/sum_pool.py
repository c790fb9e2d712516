"""sum_pool and sum_pool_gradient: the sum over each window of height x width, windows side by side, without padding.

Of integers exact: what a batch norm behind it makes of sums, it would make of their means. Each input has the gradient
of its window's sum; what no window sees has none.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def forward(*, x: View, y: View, height: float, width: float) -> None:
    """X (B, H, W, C) -> y (B, H // height, W // width, C); floats are added in f32, row by row of a window.

    SpecError has the layer for sums that its format does not hold; here they wrap.
    """
    values = x.values()
    values = values.astype(np.float32 if x.form.is_float else np.int64)
    found = np.zeros(y.shape, values.dtype)
    for part in _taps(y.shape, int(height), int(width)):
        found += values[part]
    y.store(found.reshape(-1, y.cols))


def backward(*, dy: View, dx: View, height: float, width: float) -> None:
    """Dy (B, I, J, C) -> dx (B, H, W, C), of the same format: mantissas keep their exponent."""
    found = np.zeros(dx.shape, np.int64 if dy.form.is_integer else dy.data.dtype)
    for part in _taps(dy.shape, int(height), int(width)):
        found[part] = dy.values()
    dx.store(found.reshape(-1, dx.cols))


def _taps(pooled: tuple[int, ...], height: int, width: int) -> list[tuple[slice, slice, slice]]:
    """For each tap of a window, the inputs that windows see through it."""
    rows, columns = pooled[1] * height, pooled[2] * width
    return [
        (slice(None), slice(p, rows, height), slice(q, columns, width)) for p in range(height) for q in range(width)
    ]


def _along(image: str, pooled: str, size: str) -> Rule:
    return Rule(
        f"whole({size}) and {pooled} * {size} <= {image} and {image} < ({pooled} + 1) * {size}",
        f"{{{pooled}}} windows of {size} {{{size}}} are not those of {{{image}}} pixels",
    )


_WHOLE = (_along("H", "I", "height"), _along("W", "J", "width"))
FORWARD = Op(
    "sum_pool",
    115,
    "<x:i16|i32|f16|f32[B,H,W,C] >y:i16|i32|f16|f32[B,I,J,C]; height width",
    forward,
    (Rule("(x in (i16, i32)) == (y in (i16, i32))", "x {x} and y {y} are integers, or floats, both"), *_WHOLE),
    Amount("B * H * W * C"),
)
BACKWARD = Op(
    "sum_pool_gradient",
    116,
    "<dy:i4|i8|f16|f32[B,I,J,C] >dx:i4|i8|f16|f32[B,H,W,C]; height width",
    backward,
    (Rule("dy == dx", "dY {dy} and dX {dx} must have the same format"), *_WHOLE),
    Amount("B * H * W * C"),
)
OPS = (FORWARD, BACKWARD)
