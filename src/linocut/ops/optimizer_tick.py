"""optimizer_tick: one step on the optimizer's clock: step count, powers of the decay rates, random state.

`control` is (learning rate, steps, beta1^steps, beta2^steps); `random` is the counter that dithered updates draw from.
A step of several micro-batches moves the clock with its first, and `random` with each.
"""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.control import BETA1_POWER, BETA2_POWER, STEPS
from linocut.ops.fixed_point import GOLDEN_64, MASK_64


def reference(
    *, control: View, random: View, micro: View | None = None, beta1: float, beta2: float, micro_batches: float = 1.0
) -> None:
    """Advance control (4), random (1) and micro (2) in place; a step of one micro-batch needs no `micro`."""
    if micro is None or _next_place(micro, int(micro_batches)) == 1:
        control.data[STEPS] += 1.0
        control.data[BETA1_POWER] *= beta1
        control.data[BETA2_POWER] *= beta2
    state = (int(random.data[0]) + GOLDEN_64) & MASK_64
    random.data[0] = state - (1 << 64) if state >> 63 else state


def _next_place(micro: View, count: int) -> int:
    before = int(micro.data[0])
    place = before + 1 if 0 < before < count else 1
    micro.data[:] = place, count
    return place


OP = Op("optimizer_tick", 13, "=control:f64[4] =random:i64[1] =micro?:i64[2]; beta1 beta2 micro_batches", reference)
