"""mean_squared_error: the loss of regression, and its gradient.

Of an example it is the mean over the outputs of (output - target)^2, in float64. A row whose first target is not a
number is not an example: it adds nothing, and has no gradient.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.control import EXAMPLES
from linocut.ops.losses import LIMITS, WORK, add_means, largest_size, store_slopes


def reference(
    *, outputs: View, targets: View, gradient: View | None, exponent: View | None, loss: View, counters: View
) -> None:
    """Outputs, targets (R, C) -> gradient (R, C) of the mean over the rows: 2 (o - t) / (C R).

    Adds to loss (1) and to counters (4): examples.
    """
    target = targets.data.astype(np.float64)
    valid = ~np.isnan(target[:, 0])
    error = outputs.data.astype(np.float64) - target
    add_means(loss, error * error, valid)
    counters.data[EXAMPLES] += np.count_nonzero(valid)
    if gradient is not None:
        rows, count = error.shape
        slopes = np.where(valid[:, None], error * (2.0 / (np.float64(count) * np.float64(rows))), 0.0)
        store_slopes(slopes, largest_size(slopes), gradient, exponent)


OP = Op(
    "mean_squared_error",
    49,
    "<outputs:f16|f32[R,C] <targets:f32[R,C] >gradient?:i16|f16|f32[R,C] >exponent?:i32[1] =loss:f64[1] "
    "=counters:i64[4]",
    reference,
    LIMITS,
    WORK,
)
