"""ctc: the loss of labels of a sequence: connectionist temporal classification (Graves et al., ICML 2006).

Of labels l_1 to l_n and the blank, the last class, z = blank, l_1, blank, l_2, ... blank: 2 n + 1 places. A path begins
at one of the first two, ends at one of the last two, and in a step stays, goes on by one, or by two where the place is
no blank and unlike that two before. With p_t(c) the softmax of step t, and alpha_t(s), beta_t(s) the probability of
what a path has read up to a place s, and of what follows, both with p_t(z_s):

    loss = -log(alpha_T(2 n + 1) + alpha_T(2 n))
    gradient at a logit of class c: p_t(c) - sum over z_s = c of alpha_t(s) beta_t(s) / p_t(c) / e^-loss

for the mean over the sequences of a batch. A sequence too short for its labels has no path: its loss is infinite, its
gradient 0. One whose first label is not a number is no example. Probabilities are in logarithms.
"""

from __future__ import annotations

import numpy as np

from linocut.ops.base import Op, View
from linocut.ops.bits import Array
from linocut.ops.circulant import within
from linocut.ops.control import EXAMPLES
from linocut.ops.elementary import exp, log
from linocut.ops.losses import add_in_order
from linocut.ops.rule import Rule
from linocut.ops.work import Amount

NEVER = -1e30  # the logarithm of no probability; below half of it none is meant
ROWS_BESIDE = 3  # of work, behind those of the steps: places, and two of beta


def reference(
    *,
    logits: View,
    lengths: View | None,
    targets: View,
    gradient: View | None,
    loss: View,
    counters: View,
    work: View,
) -> None:
    """Logits (B, T, C), targets (B, L), -1 behind the last label -> gradient (B, T, C).

    Adds to loss (1) and to counters (4): examples. Work (T + 3, 2 L + 2) is alpha and, of each step, the logarithm of
    the sum that softmax divides by; then the places z, and two steps of beta.
    """
    x = logits.values().astype(np.float64)
    count = within(lengths, x.shape).sum(axis=1)
    slopes = np.zeros_like(x)
    for number, labels in enumerate(targets.data):
        if np.isnan(labels[0]):
            continue
        counters.data[EXAMPLES] += 1
        sequence = _Sequence(x[number, : count[number]], labels, work.data)
        found = sequence.loss()
        add_in_order(loss, np.array([found]))
        if gradient is not None and count[number] and np.isfinite(found):
            slopes[number, : count[number]] = sequence.slopes(found) / np.float64(len(x))
    if gradient is not None:
        gradient.store(slopes.reshape(gradient.data.shape))


def together(a: Array, b: Array) -> Array:
    """log(e^a + e^b), of what never is too."""
    high, low = np.maximum(a, b), np.minimum(a, b)
    return np.asarray(high + log(1.0 + exp(low - high)))


class _Sequence:
    """One sequence: logits (steps, C), labels (L,), and where its numbers are kept."""

    def __init__(self, x: Array, labels: Array, work: Array) -> None:
        """Its places, and what is kept of softmax."""
        self.x, self.work, steps = x, work, len(work) - ROWS_BESIDE
        blank = x.shape[1] - 1
        behind = np.flatnonzero(~((labels >= 0) & (labels < blank)))
        labels = labels[: behind[0]] if len(behind) else labels
        self.places = 2 * len(labels) + 1
        self.z = np.full(self.places, blank, np.int64)
        self.z[1::2] = labels.astype(np.int64)
        work[steps, : self.places] = self.z
        self.beside = steps
        largest = x.max(axis=1, keepdims=True)
        total = np.cumsum(exp(x - largest), axis=1)[:, -1]
        self.logarithms = log(total) + largest[:, 0]
        work[: len(x), -1] = self.logarithms
        self.skips = np.zeros(self.places, bool)
        self.skips[3::2] = self.z[3::2] != self.z[1:-2:2]

    def _probability(self, step: int) -> Array:
        """Log p of each place."""
        return np.asarray(self.x[step, self.z] - self.logarithms[step])

    def loss(self) -> float:
        """Fill alpha; -log of the probability of all paths."""
        steps, places = len(self.x), self.places
        if steps == 0:
            return 0.0 if places == 1 else np.inf
        alpha = np.full(places, NEVER)
        alpha[:2] = self._probability(0)[:2]
        self.work[0, :places] = alpha
        for step in range(1, steps):
            alpha = self._moved(alpha, self.skips) + self._probability(step)
            self.work[step, :places] = alpha
        found = alpha[0] if places == 1 else together(alpha[-1:], alpha[-2:-1])[0]
        return np.inf if found < NEVER / 2 else -float(found)

    def _moved(self, before: Array, skips: Array) -> Array:
        """What comes to each place from itself, the one before, and the one before that where it may."""
        never = np.array([NEVER])
        found = together(before, np.concatenate([never, before[:-1]]))
        two = np.where(skips, np.concatenate([never, never, before[:-2]])[: self.places], NEVER)
        return together(found, two)

    def slopes(self, loss: float) -> Array:
        """The gradient at the logits (steps, C)."""
        steps, places = len(self.x), self.places
        out = np.zeros_like(self.x)
        beta = np.full(places, NEVER)
        last = self._probability(steps - 1)
        beta[-2:] = last[-2:]
        skips = np.zeros(places, bool)
        skips[:-2] = self.skips[2:]  # from a place to the one two behind
        for step in reversed(range(steps)):
            if step < steps - 1:
                turned = self._moved(beta[::-1], skips[::-1])[::-1]
                beta = turned + self._probability(step)
            self.work[self.beside + 1 + step % 2, :places] = beta
            of_places = exp(np.minimum(self.work[step, :places] + beta - self._probability(step) + loss, 0.0))
            occupied = np.zeros(self.x.shape[1])
            for place, share in zip(self.z.tolist(), of_places.tolist(), strict=True):
                occupied[place] += share
            out[step] = exp(self.x[step] - self.logarithms[step]) - occupied
        return out


OP = Op(
    "ctc",
    84,
    "<logits:f16|f32[B,T,C] <lengths?:i32[B] <targets:f32[B,L] >gradient?:f16|f32[B,T,C] =loss:f64[1] "
    "=counters:i64[4] >work:f64[V,S]",
    reference,
    (
        Rule("2 <= C", "{C} classes, must be 2 or more, the last of them the blank"),
        Rule(
            f"V == T + {ROWS_BESIDE} and S == 2 * L + 2",
            "work has {V} rows of {S}, must have {T + 3} of {2 * L + 2}",
        ),
    ),
    Amount("B * T * (C + 8 * L)"),
)
