"""adam: Kingma & Ba, arXiv 1412.6980, as PyTorch computes it, on floats or in fixed point."""

from __future__ import annotations

import numpy as np

from linocut.ops import updates
from linocut.ops.base import Op, View
from linocut.ops.control import BETA1_POWER, BETA2_POWER, FLIPS, LEARNING_RATE
from linocut.ops.dithered_half import SECOND_MOMENT_STREAM, store_dithered
from linocut.ops.fixed_point import decay_moment, in_q7, move_weights, step_factor
from linocut.ops.limits import FIXED
from linocut.ops.rule import Rule


def reference(
    *,
    w: View,
    m: View,
    v: View | None,
    dw: View,
    control: View,
    random: View,
    counters: View,
    beta1: float,
    beta2: float,
    epsilon: float,
    gradient_scale: float,
    clip: float,
    salt: float,
    micro: View | None = None,
) -> None:
    """W, m, v (R, K) in place from dw (R, K).

    M <- b1 m + (1-b1) g, v <- b2 v + (1-b2) g^2, w <- w - lr m^ / (sqrt(v^) + eps). Of k micro-batches with gradients
    in bits or q7 the first decays m, each adds (1-b1)/k g, and the last does the rest: g^2 is the same in all.
    """
    part = updates.due_part(micro, dw)
    if part is None:
        return
    rate = float(control.data[LEARNING_RATE]) / (1.0 - float(control.data[BETA1_POWER]))
    state, number = int(random.data[0]), int(salt)
    if v is None:
        gradients, deviations = in_q7(dw)
        moment = decay_moment(m.data, gradients, beta1, part, state, number)
        m.store(moment)
        if part.last:
            counters.data[FLIPS] += move_weights(
                w, moment, step_factor(rate * deviations, clip, w.format), state, number
            )
        return
    g = updates.gradient_values(dw, gradient_scale)
    kept = np.float32(beta1 if part.first else 1.0)
    first = m.data.astype(np.float32) * kept + g * np.float32((1.0 - beta1) / part.count)
    m.store(first)
    if not part.last:
        return
    second = v.data.astype(np.float32) * np.float32(beta2) + g * g * np.float32(1.0 - beta2)
    root = np.sqrt(second) * np.float32(1.0 / np.sqrt(1.0 - control.data[BETA2_POWER])) + np.float32(epsilon)
    store_dithered(v, second, state, number, SECOND_MOMENT_STREAM)
    moved = w.data.astype(np.float32) - np.float32(rate) * first / root
    updates.store_weights(w, moved, clip, counters, state, number)


OP = Op(
    "adam",
    14,
    "=w:q15|q7|f16|f32[R,K] =m:q7|f16|f32[R,K] =v?:f16|f32[R,K] <dw:bit|q7|f16|f32[R,K] <control:f64[4] "
    "<random:i64[1] =counters:i64[4] <micro?:i64[2]; beta1 beta2 epsilon gradient_scale clip salt",
    reference,
    (Rule(f"w in {FIXED} or v != absent", "weights in {w} need a second moment v"), *updates.LIMITS),
    updates.WORK,
)
