"""sigmoid_cross_entropy: the loss of outputs that are yes or no each, from their logits, and its gradient.

With targets t from 0 to 1 the loss of an example is the mean over the outputs of -t log s(x) - (1 - t) log(1 - s(x)),
s being the sigmoid; as max(x, 0) - x t + log(1 + e^-|x|) nothing of it overflows. In float64. A row whose first target
is not a number is not an example: it adds nothing, and has no gradient.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.control import CORRECT, EXAMPLES
from linocut.ops.elementary import exp, log, sigmoid
from linocut.ops.losses import LIMITS, WORK, add_means, largest_size, store_slopes


def reference(
    *, logits: View, targets: View, gradient: View | None, exponent: View | None, loss: View, counters: View
) -> None:
    """Logits, targets (R, C) -> gradient (R, C) of the mean over the rows: (s(x) - t) / (C R).

    Adds to loss (1) and to counters (4): examples, and right ones, all of whose outputs have x >= 0 where t >= 1/2.
    """
    x, target = logits.data.astype(np.float64), targets.data.astype(np.float64)
    valid = ~np.isnan(target[:, 0])
    with np.errstate(over="ignore", invalid="ignore"):  # of the series of exp, where its value is not used
        power = exp(-np.abs(x))
    add_means(loss, np.where(x > 0, x, 0.0) - x * target + log(1.0 + power), valid)
    right = ((x >= 0) == (target >= 0.5)).all(axis=1)
    counters.data[CORRECT] += np.count_nonzero(valid & right)
    counters.data[EXAMPLES] += np.count_nonzero(valid)
    if gradient is not None:
        rows, count = x.shape
        unit = 1.0 / (np.float64(count) * np.float64(rows))
        slopes = np.where(valid[:, None], (sigmoid(x) - target) * unit, 0.0)
        store_slopes(slopes, largest_size(slopes), gradient, exponent)


OP = Op(
    "sigmoid_cross_entropy",
    50,
    "<logits:f16|f32[R,C] <targets:f32[R,C] >gradient?:i16|f16|f32[R,C] >exponent?:i32[1] =loss:f64[1] "
    "=counters:i64[4]",
    reference,
    LIMITS,
    WORK,
)
