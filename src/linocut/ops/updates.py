"""What the optimizers' instructions share.

Reading a gradient, clipping latent weights, counting flips, checking formats.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import View
from linocut.ops.bits import Array
from linocut.ops.control import FLIPS
from linocut.ops.dithered_half import WEIGHT_STREAM, store_dithered
from linocut.ops.limits import FIXED, together
from linocut.ops.micro_batch import WHOLE, MicroBatch, micro_batch
from linocut.ops.rule import Rule
from linocut.ops.work import Amount


def due_part(micro: View | None, dw: View) -> MicroBatch | None:
    """What this micro-batch does to a moment, None for nothing.

    Signs and q7 come with each micro-batch, each a part of the step's gradient. Numbers have been summed to their mean,
    which is the whole gradient and comes with the last.
    """
    part = micro_batch(micro)
    if dw.format in ("bit", "q7"):
        return part
    return WHOLE if part.last else None


def gradient_values(dw: View, gradient_scale: float) -> Array:
    """The gradient in float32; a packed one is +-gradient_scale."""
    if dw.form.is_bits:
        scale = np.float32(gradient_scale)
        return np.where(dw.bits(), scale, -scale)
    return dw.data.astype(np.float32)


def store_weights(w: View, moved: Array, clip: float, counters: View, state: int, salt: int) -> None:
    """Store moved weights, in f16 dithered.

    Latent ones (clip not 0) are clipped to [-clip, clip] and their changes of sign counted.
    """
    before = w.data >= 0
    bounded = np.clip(moved, -np.float32(clip), np.float32(clip)) if clip else moved
    store_dithered(w, bounded, state, salt, WEIGHT_STREAM)
    if not clip:
        return
    counters.data[FLIPS] += np.count_nonzero(before != (w.data >= 0))


LIMITS = (
    Rule(
        f"{together(f'w in {FIXED}', 'm == q7')} and (w not in {FIXED} or v == absent)"
        f" and (dw in (absent, bit) or {together(f'w in {FIXED}', 'dw == q7')})",
        "W {w}, m {m}, v {v} and dW {dw} do not go together: fixed-point weights take a q7 moment, no v, and dW as bit "
        "or q7, floats take dW as bit, f16 or f32",
    ),
)
WORK = Amount("R * K")  # one update a weight
