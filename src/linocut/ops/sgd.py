"""sgd: stochastic gradient descent with momentum, as PyTorch computes it, on floats or in fixed point.

    g <- g + decay w;  m <- momentum m + g;  w <- w - lr (g + momentum m if nesterov else m)

In fixed point the moment is kept as (1 - momentum) m / s, so that it stays within one. Nesterov's step, kept in the
same way, is (1 - momentum) g + momentum m: what the moment would become if it took up g once more. There is no decay
there, as the gradient is only known in units of its standard deviation: that is what decay_weights is for.

Where gradients in bits or q7 come with several micro-batches, w decays in the last, which moves it. Nesterov's g is
then the gradient of the last alone, as if it were that of the whole step, for the sum of all is not kept.
"""

from __future__ import annotations

import numpy as np

from linocut.ops import updates
from linocut.ops.base import Op, View
from linocut.ops.control import FLIPS, LEARNING_RATE
from linocut.ops.fixed_point import decay_moment, in_q7, move_weights, step_factor
from linocut.ops.limits import FIXED
from linocut.ops.rule import Rule


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
    decay: float = 0.0,
    nesterov: float = 0.0,
    micro: View | None = None,
) -> None:
    """W, m (R, K) in place from dw (R, K).

    Of k micro-batches with gradients in bits or q7 the first decays m, each adds g/k, and the last moves w.
    """
    part = updates.due_part(micro, dw)
    if part is None:
        return
    rate = float(control.data[LEARNING_RATE])
    state, number = int(random.data[0]), int(salt)
    if w.form.is_fixed:
        gradients, deviations = in_q7(dw)
        moment = decay_moment(m.data, gradients, momentum, part, state, number)
        m.store(moment)
        factor = step_factor(rate * gradient_scale / (1.0 - momentum) * deviations, clip, w.format)
        if part.last:
            step = decay_moment(moment, gradients, momentum) if nesterov else moment
            counters.data[FLIPS] += move_weights(w, step, factor, state, number)
        return
    g, weights = updates.gradient_values(dw, gradient_scale), w.data.astype(np.float32)
    share = g * np.float32(1.0 / part.count)
    if decay and part.last:
        g, share = g + np.float32(decay) * weights, share + np.float32(decay) * weights
    moment = m.data.astype(np.float32) * np.float32(momentum if part.first else 1.0) + share
    m.store(moment)
    if part.last:
        step = g + np.float32(momentum) * moment if nesterov else moment
        updates.store_weights(w, weights - np.float32(rate) * step, clip, counters, state, number)


OP = Op(
    "sgd",
    15,
    "=w:q15|q7|f16|f32[R,K] =m:q7|f16|f32[R,K] <dw:bit|q7|f16|f32[R,K] <control:f64[4] <random:i64[1] "
    "=counters:i64[4] <micro?:i64[2]; momentum gradient_scale clip salt decay nesterov",
    reference,
    (
        *updates.LIMITS,
        Rule(f"w not in {FIXED} or decay == 0", "decay is {decay}, must be 0 of weights in {w}; use decay_weights"),
    ),
    updates.WORK,
    omitted=("v",),
)
