"""decay_weights: decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101): w <- w (1 - lr rate).

In fixed point |w| falls by |w| lr rate, rounded with dithers, so that the decay is right on average where a step of it
is far less than a unit: a rounding is off by 2**-17 units at most on average. It never changes a sign, and sgn(0) is
+1: a negative weight stays at one unit below 0 at least. So there are no flips to count.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.control import LEARNING_RATE
from linocut.ops.dithered_half import store_dithered
from linocut.ops.fixed_point import STEP_FRACTION, dithers
from linocut.ops.micro_batch import micro_batch
from linocut.ops.work import Amount

FRACTION = 31  # bits of lr rate: times 16 bits of a weight it fits 64
# The number of the first hash. Those of updates start at 0, of their moments at 2**31 (ops/fixed_point.py): no dither
# is that of an update, even of the same salt, for weights up to 2**31.
STREAM = 3 << 30


def reference(*, w: View, control: View, random: View, micro: View | None = None, rate: float, salt: float) -> None:
    """W (R, K) in place, lr being control's; of a step of several micro-batches the last does it."""
    if not micro_batch(micro).last:
        return
    share = _share(float(control.data[LEARNING_RATE]) * rate)
    if w.form.is_fixed:
        w.store(_shrunk(w, share, int(random.data[0]), int(salt)))
    else:
        kept = w.data.astype(np.float32) * np.float32(1.0 - share)
        store_dithered(w, kept, int(random.data[0]), int(salt), STREAM)


def _share(product: float) -> float:
    """Lr rate within [0, 1]; 0 for what is not a number."""
    return min(product, 1.0) if product > 0.0 else 0.0


def _shrunk(w: View, share: float, state: int, salt: int) -> Array:
    """Fixed-point weights after the decay, int64."""
    factor = int(np.floor(share * 2.0**FRACTION + 0.5))
    old = w.data.astype(np.int64)
    size = np.abs(old)
    finer = FRACTION - STEP_FRACTION
    dither = (dithers(old.shape, w.format, state, salt, STREAM) << finer) + (1 << finer >> 1)
    left = size - ((size * factor + dither) >> FRACTION)
    return np.where(old < 0, -np.maximum(left, 1), left)


OP = Op(
    "decay_weights",
    48,
    "=w:q15|q7|f16|f32[R,K] <control:f64[4] <random:i64[1] <micro?:i64[2]; rate salt",
    reference,
    work=Amount("R * K"),
)
