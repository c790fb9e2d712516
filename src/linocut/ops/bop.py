"""bop: the binary optimizer, Helwegen et al., arXiv 1906.02107: weights are 1 bit and flip, there is no latent copy."""

from __future__ import annotations

import numpy as np

from linocut.formats import FORMATS
from linocut.ops import updates
from linocut.ops.base import Op, View
from linocut.ops.control import FLIPS
from linocut.ops.fixed_point import slow_moment, step_key
from linocut.ops.rule import Rule


def reference(
    *,
    weights: View,
    m: View,
    dw: View,
    random: View,
    counters: View,
    gamma: float,
    tau: float,
    gradient_scale: float,
    salt: float,
    micro: View | None = None,
) -> None:
    """Weights (R, K) bits and m (R, K) in place from dw (R, K).

    M <- (1 - gamma) m + gamma g; a weight flips where w m > tau. Of k micro-batches with signs for gradients the first
    decays m, each adds gamma/k g, and in the last weights flip.
    """
    part = updates.due_part(micro, dw)
    if part is None:
        return
    if m.form.is_fixed:
        moment = slow_moment(m, dw.bits(), gamma, step_key(int(random.data[0]), int(salt)), part)
        threshold = float(np.floor(tau / gradient_scale * FORMATS[m.format].one))
    else:
        g = updates.gradient_values(dw, gradient_scale)
        kept = np.float32(1.0 - gamma if part.first else 1.0)
        moment = m.data.astype(np.float32) * kept + g * np.float32(gamma / part.count)
        threshold = float(np.float32(tau))
        m.store(moment)
    if not part.last:
        return
    bits = weights.bits()
    flips = np.where(bits, moment, -moment) > threshold
    weights.store(bits ^ flips)
    counters.data[FLIPS] += np.count_nonzero(flips)


OP = Op(
    "bop",
    16,
    "=weights:bit[R,K] =m:q7|q15|f16|f32[R,K] <dw:bit|f16|f32[R,K] <random:i64[1] =counters:i64[4] <micro?:i64[2]; "
    "gamma tau gradient_scale salt",
    reference,
    (
        Rule("m in (f16, f32) or dw in (absent, bit)", "a {m} moment takes dW as bit, not {dw}"),
        # The threshold is an integer, and a moment never passes 1: nothing flips beyond that.
        Rule(
            "m in (f16, f32) or tau / gradient_scale <= 32768",
            "tau / gradient_scale is {tau / gradient_scale}, must be at most 32,768 of a moment in {m}",
        ),
    ),
    updates.WORK,
)
