"""softmax_cross_entropy: the loss, the number of right answers, and the gradient of the mean loss.

A label of -1 marks a row that is not an example. The gradient is (p - onehot) / rows, as a float or as i16 mantissas
with the exponent that makes the largest of them fill 15 bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from linocut.ops.base import Op, Sizes, View, Work
from linocut.ops.elementary import binary_exponent, exp, log

CORRECT, EXAMPLES, FLIPS, SATURATIONS = range(4)  # places in `counters`
I16_BITS = 15


def reference(
    *, logits: View, labels: View, gradient: View | None, exponent: View | None, loss: View, counters: View
) -> None:
    """Logits (R, C), labels (R) -> gradient (R, C).

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
    each = log(total[:, 0]) - (x[np.arange(rows), chosen] - largest[:, 0])
    loss.data[0] = np.cumsum(np.concatenate([loss.data, np.where(valid, each, 0.0)]))[-1]
    counters.data[CORRECT] += np.count_nonzero(valid & (x.argmax(axis=1) == label))
    counters.data[EXAMPLES] += np.count_nonzero(valid)
    if gradient is None:
        return
    onehot = np.arange(classes) == chosen[:, None]
    slope = np.where(valid[:, None], (powers / total - onehot) / np.float64(rows), 0.0)
    if exponent is None:
        gradient.store(slope)
        return
    # Slopes of a row sum to 0 and only the label's is negative: it is the largest in size.
    shift = I16_BITS - binary_exponent(float(np.abs(slope[np.arange(rows), chosen]).max()))
    exponent.data[0] = -shift
    gradient.store(np.clip(np.floor(np.ldexp(slope, shift) + 0.5), -32767, 32767))


def _work(sizes: Sizes, formats: object) -> Work:
    return Work("element", sizes["R"] * sizes["C"])


def _limits(sizes: Sizes, formats: Mapping[str, str]) -> str:
    if (formats.get("gradient") == "i16") != ("exponent" in formats):
        return f"gradient {formats.get('gradient')}: an i16 gradient and an exponent go with each other"
    return ""


OP = Op(
    "softmax_cross_entropy",
    8,
    "<logits:f16|f32[R,C] <labels:i32[R] >gradient?:i16|f16|f32[R,C] >exponent?:i32[1] =loss:f64[1] =counters:i64[4]",
    reference,
    _limits,
    _work,
)
