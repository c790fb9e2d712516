"""What is beside the cells of a recurrent network in Q5.10: numbers in, two directions summed, frames summed, outputs.

A mean over frames is never rounded by itself: sums of 32 bits go into the dense layer, whose sums have 64 bits, and
what comes out is divided once, by the frames and by the units of the weights.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.limits import I32_MAX, at_most
from linocut.ops.q10 import ONE, quantised, saturated
from linocut.ops.q10_transform import MOST_POINT
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

MOST_FRAMES = I32_MAX // 2**15
MOST_OUTPUTS_OF = 2**12  # inputs: products of 32 and 16 bits, twice their sum within 64


def quantise(*, x: View, y: View) -> None:
    """X (R, C) in f32 -> y = sat(rint(1024 x)), halves to even; what is not a number is 0."""
    y.store(quantised(x.data))


def add(*, a: View, b: View, y: View) -> None:
    """A, b (R, C) -> y = sat(a + b)."""
    y.store(saturated(a.data.astype(np.int64) + b.data.astype(np.int64)))


def frame_sums(*, x: View, lengths: View | None, sums: View, fresh: float) -> None:
    """X (B, T, C) -> sums (B, C) over the frames of each sequence, exact; not `fresh` they go on, modulo 2^32."""
    values = x.image().astype(np.int64)
    if lengths is not None:
        values = values * (np.arange(values.shape[1]) < lengths.data[:, None])[..., None]
    before = 0 if fresh else sums.data.astype(np.int64)
    sums.data[...] = (before + values.sum(axis=1)).astype(np.uint64).astype(np.uint32).view(np.int32)


def last(*, x: View, lengths: View | None, y: View) -> None:
    """X (B, T, C) -> y (B, C), the last frame of each sequence; 0 where there is none."""
    batch, frames, _ = x.shape
    ends = np.full(batch, frames) if lengths is None else np.clip(lengths.data.astype(np.int64), 0, frames)
    y.store(np.where((ends > 0)[:, None], x.image()[np.arange(batch), ends - 1], 0))


def outputs(*, x: View, frames: View | None, weights: View, bias: View, y: View, point: float) -> None:
    """X (R, C), sums of frames (R), weights (N, C) in units of 2^-point, bias (1, N) -> y (R, N) in Q.10.

    To the nearest, halves up; a number of frames below 1 counts as 1. In f32 y is that integer / 1024.
    """
    count = np.ones((len(x.data), 1), np.int64)
    if frames is not None:
        count = np.clip(frames.data.astype(np.int64), 1, MOST_FRAMES)[:, None]
    sums = x.data.astype(np.int64) @ weights.data.astype(np.int64).T
    total = sums + (bias.data.astype(np.int64) << int(point)) * count
    by = count << int(point)
    found = np.clip((2 * total + by) // (2 * by), -(2**31), I32_MAX)
    y.store(found if y.form.is_integer else found.astype(np.float32) / np.float32(ONE))


QUANTISE = Op("q10_quantise", 102, "<x:f32[R,C] >y:i16[R,C]", quantise, work=Amount("R * C"))
ADD = Op("q10_add", 103, "<a:i16[R,C] <b:i16[R,C] >y@a+b:i16[R,C]", add, work=Amount("R * C"))
FRAME_SUMS = Op(
    "q10_frame_sums",
    104,
    "<x:i16[B,T,C] <lengths?:i32[B] =sums:i32[B,C]; fresh",
    frame_sums,
    (at_most("T", "frames", MOST_FRAMES, "use shorter sequences"),),
    Amount("T * B * C"),
)
OUTPUTS = Op(
    "q10_outputs",
    105,
    "<x:i16|i32[R,C] <frames?:i32[R] <weights:i16[N,C] <bias:i16[1,N] >y:i32|f32[R,N]; point",
    outputs,
    (
        Rule(
            f"whole(point) and 0 <= point <= {MOST_POINT}",
            f"point is {{point}}, must be a whole number from 0 to {MOST_POINT}",
        ),
        at_most("C", "inputs", MOST_OUTPUTS_OF, "use a narrower layer"),
    ),
    Amount("R * N * C"),
)
LAST = Op("q10_last", 128, "<x:i16[B,T,C] <lengths?:i32[B] >y:i16[B,C]", last, work=Amount("B * C"))
OPS = (QUANTISE, ADD, FRAME_SUMS, OUTPUTS, LAST)
