"""optimizer_tick: one step on the optimizer's clock: step count, powers of the decay rates, random state.

`control` is (learning rate, steps, beta1^steps, beta2^steps); `random` is the counter that dithered updates draw from.
"""

from __future__ import annotations

from linocut.ops.base import Op, View
from linocut.ops.fixed_point import GOLDEN_64, MASK_64

LEARNING_RATE, STEPS, BETA1_POWER, BETA2_POWER = range(4)  # places in `control`


def reference(*, control: View, random: View, beta1: float, beta2: float) -> None:
    """Advance control (4) and random (1) in place."""
    control.data[STEPS] += 1.0
    control.data[BETA1_POWER] *= beta1
    control.data[BETA2_POWER] *= beta2
    state = (int(random.data[0]) + GOLDEN_64) & MASK_64
    random.data[0] = state - (1 << 64) if state >> 63 else state


OP = Op("optimizer_tick", 13, "=control:f64[4] =random:i64[1]; beta1 beta2", reference)
