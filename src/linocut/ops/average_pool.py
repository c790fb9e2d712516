"""average_pool and average_pool_gradient: the mean over each window of those of its inputs within the image."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.limits import POOL
from linocut.ops.max_pool import POOL_ATTRIBUTES
from linocut.ops.window import Tap, taps
from linocut.ops.work import Amount


def _taps(image: View, output: View, window: dict[str, float]) -> list[Tap]:
    height, width, stride, top, left = (int(window[name]) for name in POOL_ATTRIBUTES.split())
    return list(taps((height, width), image.shape[1:3], output.shape[1:3], stride, (top, left)))


def _counts(found: list[Tap], shape: tuple[int, ...]) -> Array:
    """How many inputs each output has, (1, I, J, 1) in f32."""
    counts = np.zeros((1, *shape[1:3], 1), np.int64)
    for tap in found:
        counts[tap.outputs] += 1
    return counts.astype(np.float32)


def forward(*, x: View, y: View, **window: float) -> None:
    """X (B, H, W, C) -> y (B, I, J, C): a sum in f32, tap by tap, divided by the count."""
    found = _taps(x, y, window)
    total = np.zeros(y.shape, np.float32)
    for tap in found:
        total[tap.outputs] += x.values()[tap.inputs].astype(np.float32)
    y.store((total / _counts(found, y.shape)).reshape(-1, y.cols))


def backward(*, dy: View, dx: View, **window: float) -> None:
    """Dy (B, I, J, C) -> dx (B, H, W, C): dy / count, summed in f32, tap by tap, the last first."""
    found = _taps(dx, dy, window)
    share = dy.values().astype(np.float32) / _counts(found, dy.shape)
    total = np.zeros(dx.shape, np.float32)
    for tap in reversed(found):
        total[tap.inputs] += share[tap.outputs]
    dx.store(total.reshape(-1, dx.cols))


FORWARD = Op(
    "average_pool",
    28,
    "<x:f16|f32[B,H,W,C] >y:f16|f32[B,I,J,C]; " + POOL_ATTRIBUTES,
    forward,
    POOL,
    Amount("B * H * W * C"),
)
BACKWARD = Op(
    "average_pool_gradient",
    29,
    "<dy:f16|f32[B,I,J,C] >dx:f16|f32[B,H,W,C]; " + POOL_ATTRIBUTES,
    backward,
    POOL,
    Amount("B * H * W * C"),
)
OPS = (FORWARD, BACKWARD)
