"""sgd: stochastic gradient descent with momentum, as PyTorch computes it, on floats or, from signs, in fixed point.

In fixed point the moment is kept as (1 - momentum) m / s, so that it stays within one.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import updates
from linocut.ops.base import Op, View
from linocut.ops.fixed_point import decay_moment, move_weights, step_factor, step_key
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
) -> None:
    """W, m (R, K) in place from dw (R, K): m <- momentum m + g, w <- w - lr m."""
    rate = float(control.data[LEARNING_RATE])
    if w.format == "q15":
        moment = decay_moment(m.data, dw.bits(), momentum)
        m.store(moment)
        factor = step_factor(rate * gradient_scale / (1.0 - momentum))
        counters.data[FLIPS] += move_weights(w, moment, factor, step_key(int(random.data[0]), int(salt)))
        return
    moment = m.data.astype(np.float32) * np.float32(momentum) + updates.gradient_values(dw, gradient_scale)
    m.store(moment)
    updates.store_weights(w, w.data.astype(np.float32) - np.float32(rate) * moment, clip, counters)


OP = Op(
    "sgd",
    15,
    "=w:q15|f16|f32[R,K] =m:q7|f16|f32[R,K] <dw:bit|f16|f32[R,K] <control:f64[4] <random:i64[1] =counters:i64[4]; "
    "momentum gradient_scale clip salt",
    reference,
    updates.limits,
    updates.work,
)
