"""sequence_lengths, sequence_pool and its gradient: where the sequences of a batch end, and one vector of each."""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.circulant import within
from linocut.ops.work import Amount


def lengths(*, x: View, lengths: View) -> None:
    """X (B, T, C) -> lengths (B): steps up to the last that is not all zeros; what is not a number is no zero."""
    lengths.data[...] = ends(x.values())


def ends(x: Array) -> Array:
    """Of sequences (B, T, C) how many steps each has (B,): up to the last that is not all zeros."""
    seen = (x != 0).any(axis=-1)
    found: Array = np.where(seen.any(axis=1), seen.shape[1] - seen[:, ::-1].argmax(axis=1), 0)
    return found


def pool(*, x: View, lengths: View | None, y: View, last: float) -> None:
    """X (B, T, C) -> y (B, C): the mean of the steps, one after another in f32, or the last; 0 where there is none."""
    values, inside = x.values().astype(np.float32), within(lengths, x.shape)
    count = inside.sum(axis=1)
    if last:
        out = values[np.arange(len(values)), np.maximum(count - 1, 0)]
    else:
        out = np.zeros((len(values), values.shape[2]), np.float32)
        for step in range(values.shape[1]):
            out = np.where(inside[:, step, None], out + values[:, step], out)
        out = out / np.maximum(count, 1).astype(np.float32)[:, None]
    y.store(np.where(count[:, None] > 0, out, np.float32(0)))


def pool_gradient(*, dy: View, lengths: View | None, dx: View, last: float) -> None:
    """Dy (B, C) -> dx (B, T, C): to each step its share, or all to the last; 0 behind the end."""
    inside, given = within(lengths, dx.shape), dy.data.astype(np.float32)
    count = inside.sum(axis=1)
    if last:
        chosen = inside & (np.arange(inside.shape[1]) == count[:, None] - 1)
    else:
        chosen = inside
        given = given / np.maximum(count, 1).astype(np.float32)[:, None]
    dx.store(np.where(chosen[..., None], given[:, None], np.float32(0)).reshape(dx.data.shape))


LENGTHS = Op("sequence_lengths", 85, "<x:f32[B,T,C] >lengths:i32[B]", lengths, work=Amount("B * T * C"))
POOL = Op(
    "sequence_pool",
    86,
    "<x:f16|f32[B,T,C] <lengths?:i32[B] >y:f16|f32[B,C]; last",
    pool,
    work=Amount("B * T * C"),
)
POOL_GRADIENT = Op(
    "sequence_pool_gradient",
    87,
    "<dy:f16|f32[B,C] <lengths?:i32[B] >dx:f16|f32[B,T,C]; last",
    pool_gradient,
    work=Amount("B * T * C"),
)
OPS = (LENGTHS, POOL, POOL_GRADIENT)
