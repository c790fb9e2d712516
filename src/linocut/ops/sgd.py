"""sgd: stochastic gradient descent with momentum, as PyTorch computes it, on floats or in fixed point.

In fixed point the moment is kept as (1 - momentum) m / s, so that it stays within one.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import updates
from linocut.ops.base import Op, View
from linocut.ops.fixed_point import decay_moment, in_q7, move_weights, step_factor
from linocut.ops.optimizer_tick import LEARNING_RATE
from linocut.ops.softmax_cross_entropy import FLIPS


def reference(
    *,
    w: View,
    m: View,
    dw: View,
    control: View,
    random: View,
    counters: View,
    momentum: float,
    gradient_scale: float,
    clip: float,
    salt: float,
    micro: View | None = None,
) -> None:
    """W, m (R, K) in place from dw (R, K): m <- momentum m + g, w <- w - lr m.

    Of k micro-batches with gradients in bits or q7 the first decays m, each adds g/k, and the last moves w.
    """
    part = updates.due_part(micro, dw)
    if part is None:
        return
    rate = float(control.data[LEARNING_RATE])
    if w.format.startswith("q"):
        state, number = int(random.data[0]), int(salt)
        gradients, spreads = in_q7(dw)
        moment = decay_moment(m.data, gradients, momentum, part, state, number)
        m.store(moment)
        factor = step_factor(rate * gradient_scale / (1.0 - momentum) * spreads, clip, w.format)
        if part.last:
            counters.data[FLIPS] += move_weights(w, moment, factor, state, number)
        return
    g = updates.gradient_values(dw, gradient_scale) * np.float32(1.0 / part.count)
    moment = m.data.astype(np.float32) * np.float32(momentum if part.first else 1.0) + g
    m.store(moment)
    if part.last:
        updates.store_weights(w, w.data.astype(np.float32) - np.float32(rate) * moment, clip, counters)


OP = Op(
    "sgd",
    15,
    "=w:q15|q7|f16|f32[R,K] =m:q7|f16|f32[R,K] <dw:bit|q7|f16|f32[R,K] <control:f64[4] <random:i64[1] "
    "=counters:i64[4] <micro?:i64[2]; momentum gradient_scale clip salt",
    reference,
    updates.limits,
    updates.work,
)
