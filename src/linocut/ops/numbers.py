"""Element-wise instructions on float activations: the full-precision part of residual networks. All in f32."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.limits import U8_SCALE
from linocut.ops.work import Amount


def to_numbers(*, x: View, y: View) -> None:
    """X u8 (R, C) -> y = (2u - 255) / 255."""
    y.store((2 * x.data.astype(np.int32) - U8_SCALE).astype(np.float32) / np.float32(U8_SCALE))


def add(*, a: View, b: View, y: View) -> None:
    """A, b (R, C) -> y = a + b."""
    y.store(a.data.astype(np.float32) + b.data.astype(np.float32))


def relu(*, x: View, y: View, mask: View | None) -> None:
    """X (R, C) -> y = x where x > 0, else 0, and the mask x > 0."""
    positive = x.data > 0
    y.store(np.where(positive, x.data.astype(np.float32), np.float32(0)))
    if mask is not None:
        mask.store(positive)


def channel_scale(*, weights: View, scale: View) -> None:
    """Weights (N, P, Q, C) -> the mean of |w| of each output, (1, N); summed in f64, one after another.

    Fixed-point weights are in units of their one.
    """
    sizes = np.abs(weights.values().astype(np.float64)).reshape(weights.shape[0], -1)
    scale.store(sizes.cumsum(axis=1)[:, -1][None] / (sizes.shape[1] * (weights.form.one or 1)))


def scale_channels(*, x: View, scale: View, y: View) -> None:
    """X (R, C), scale (1, C) -> y = x scale."""
    y.store(x.data.astype(np.float32) * scale.data[0].astype(np.float32))


TO_NUMBERS = Op("to_numbers", 30, "<x:u8[R,C] >y:f16|f32[R,C]", to_numbers, work=Amount("R * C"))
ADD = Op("add", 31, "<a:f16|f32[R,C] <b:f16|f32[R,C] >y@a+b:f16|f32[R,C]", add, work=Amount("R * C"))
RELU = Op("relu", 32, "<x:f16|f32[R,C] >y@x:f16|f32[R,C] >mask?:bit[R,C]", relu, work=Amount("R * C"))
CHANNEL_SCALE = Op(
    "channel_scale", 36, "<weights:q15|q7|f16|f32[N,P,Q,C] >scale:f32[1,N]", channel_scale, work=Amount("N * P * Q * C")
)
SCALE_CHANNELS = Op(
    "scale_channels",
    37,
    "<x:f16|f32[R,C] <scale:f16|f32[1,C] >y:f16|f32[R,C]",
    scale_channels,
    work=Amount("R * C"),
)
OPS = (TO_NUMBERS, ADD, RELU, CHANNEL_SCALE, SCALE_CHANNELS)
