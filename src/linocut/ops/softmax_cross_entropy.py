"""softmax_cross_entropy: the loss, the number of right answers, and the gradient of the mean loss.

A label of -1 marks a row that is not an example. The gradient is (p - onehot) / rows, as a float or as i16 mantissas
with the exponent that makes the largest of them fill 15 bits.

With weights w of the C classes and a smoothing s (Szegedy et al., arXiv 1512.00567, section 7) an example of label y
aims at a_c = (1 - s) w_y [c = y] + s w_c / C: its loss is -sum a_c log p_c, its gradient (A p_c - a_c) / rows with
A = sum a_c. That is what PyTorch sums up; the mean is over the rows, not over the weights of their labels.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.control import CORRECT, EXAMPLES
from linocut.ops.elementary import exp, log
from linocut.ops.losses import LIMITS, WORK, add_in_order, largest_size, store_slopes


def reference(
    *,
    logits: View,
    labels: View,
    gradient: View | None,
    exponent: View | None,
    loss: View,
    counters: View,
    weights: View | None = None,
    smoothing: float = 0.0,
) -> None:
    """Logits (R, C), labels (R), weights (1, C) -> gradient (R, C).

    Adds to loss (1) and to counters (4): right answers and examples.
    """
    x = logits.data.astype(np.float64)
    label = labels.data.astype(np.int64)
    rows, classes = x.shape
    valid = (label >= 0) & (label < classes)
    chosen = np.where(valid, label, 0)
    largest = x.max(axis=1, keepdims=True)
    powers = exp(x - largest)
    total = np.cumsum(powers, axis=1)[:, -1:]  # in the order of the classes
    each = log(total) - (x - largest)  # -log p
    of_label = each[np.arange(rows), chosen]
    plain = weights is None and smoothing == 0.0
    if not plain:
        own, spread = _aims(weights, smoothing, chosen, classes)
        of_label = own * of_label + np.cumsum(spread * each, axis=1)[:, -1]
    add_in_order(loss, np.where(valid, of_label, 0.0))
    counters.data[CORRECT] += np.count_nonzero(valid & (x.argmax(axis=1) == label))
    counters.data[EXAMPLES] += np.count_nonzero(valid)
    if gradient is None:
        return
    onehot = np.arange(classes) == chosen[:, None]
    if plain:
        slope = (powers / total - onehot) / np.float64(rows)
    else:
        whole = own + np.cumsum(spread)[-1]
        aim = np.where(onehot, spread + own[:, None], spread)
        slope = (whole[:, None] * (powers / total) - aim) / np.float64(rows)
    slope = np.where(valid[:, None], slope, 0.0)
    # Plain slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
    steepest = float(np.abs(slope[np.arange(rows), chosen]).max()) if plain else largest_size(slope)
    store_slopes(slope, steepest, gradient, exponent)


def _aims(weights: View | None, smoothing: float, chosen: Array, classes: int) -> tuple[Array, Array]:
    """(1 - s) w_y of each row, (R,), and s w_c / C of each class, (C,)."""
    w = np.ones(classes) if weights is None else weights.data[0].astype(np.float64)
    return (1.0 - smoothing) * w[chosen], (smoothing / np.float64(classes)) * w


OP = Op(
    "softmax_cross_entropy",
    8,
    "<logits:f16|f32[R,C] <labels:i32[R] >gradient?:i16|f16|f32[R,C] >exponent?:i32[1] =loss:f64[1] =counters:i64[4] "
    "<weights?:f32[1,C]; smoothing",
    reference,
    LIMITS,
    WORK,
    workspace="17 + 9 * min(1 + R // 16, 16)",
)
