"""forecast: what a run will go through, by epoch, from what trials went through.

J^2 follows one curve over the time that counts, u = sum of eta / ((1 - alpha) S), S being the examples of an epoch
(arXiv 2107.09437: J^2 = k u + C in the ordered phase; weight decay of PyTorch's lambda' takes 2 lambda' S J^2 per u).
Far beyond the edge k falls as the schedule lowers the learning rate: there it is that of the same part of the trial.
Turnover is c eta^a (1 + tau / t), t being the steps done: signs come to rest from their random start, then stay as busy
as a power of the learning rate keeps them; fitted to all marks of trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.errors import SpecError
from linocut.tune.regime import EDGE, Regime
from linocut.tune.trial import Setting, Trial, momentum, weight_decay

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 16  # of an epoch, at which turnover is looked at
FINE = 8  # of each power of two, values of tau that are tried
NEAR = 4.0  # trials of learning rates within this factor tell of turnover
LEAST_MARKS = 4
SURE = 2.0  # standard deviations of what is left over by a fit
UNSEEN = 0.3  # of the growth of J^2 in a run that is longer than the trial: fewer examples were seen in the same time
LONGER = (
    0.3  # of turnover, to each e-fold that the run is longer than trials: 96% of epochs were within (docs/tuning.md)
)
LEAST_LEFT = 0.05  # of J^2 and of turnover, relative: seeds differ by as much
FAR, FAR_LEFT = 1.3, 0.25  # of the edge: beyond, J^2 follows no law of u, and seeds differ by more
DECAYED = 0.1  # of J^2 with weight decay, to each e-fold that the run is longer than the trial: k falls in it
AS_LONG = 2.0  # times the trial, a run whose parts are like those of the trial


@dataclass(frozen=True)
class Forecast:
    """What `measure`, "j_squared" or "turnover", will be by epoch, `values[0]` after the first.

    It is expected within a factor of `within`. `to_edge` is after how many epochs J^2 comes to the edge, None where it
    does not within the run, and of turnover.
    """

    measure: str
    values: tuple[float, ...]
    within: float
    to_edge: int | None = None


@dataclass(frozen=True)
class Growth:
    """dJ^2/du = k - decay J^2 from a point on: u and J^2 there. `left_over` is a relative error of the fit."""

    k: float
    decay: float
    u: float
    j_squared: float
    left_over: float

    def at(self, u: float) -> float:
        """J^2 later on."""
        if self.decay <= 0.0:
            return self.j_squared + self.k * (u - self.u)
        rest = self.k / self.decay
        return rest + (self.j_squared - rest) * math.exp(-self.decay * (u - self.u))


def clock(trial: Trial, examples: int) -> NDArray[np.float64]:
    """u of a trial's marks, for epochs of so many examples."""
    rates = np.array([mark.rates for mark in trial.marks], np.float64)
    return rates / ((1.0 - momentum(trial.setting.optimizer)) * examples)


def growth(trial: Trial, examples: int) -> Growth:
    """How J^2 grew over the last half of a trial's time; SpecError for a trial without."""
    u = clock(trial, examples)
    values = np.array([mark.j_squared for mark in trial.marks], np.float64)
    late = u >= 0.5 * u[-1]
    if trial.diverged or late.sum() < 2 or not np.isfinite(values).all():
        raise SpecError("J^2 of a training that diverged, or was not followed, has no growth")
    decay = 2.0 * weight_decay(trial.setting.optimizer) * examples
    mean = values[late].mean()
    apart = u[late] - u[late].mean()
    slope = float(apart @ (values[late] - mean)) / float(apart @ apart)
    fitted = mean + slope * apart
    return Growth(
        slope + decay * float(mean),
        decay,
        float(u[-1]),
        float(values[-1]),
        float(np.sqrt(np.mean((fitted - values[late]) ** 2)) / mean),
    )


def of_j_squared(trial: Trial, setting: Setting, epochs: int, examples: int, edge: float) -> Forecast:
    """J^2 after each epoch of a run, from a trial of the same optimizer: its own curve, and its growth beyond."""
    found = growth(trial, examples)
    u, known = clock(trial, examples), np.array([mark.j_squared for mark in trial.marks], np.float64)
    steps = examples // setting.batch_size
    rates = np.cumsum([setting.rate_at(step, epochs * steps) for step in range(epochs * steps)])
    time = rates / ((1.0 - momentum(setting.optimizer)) * examples)
    far = known.max() > FAR * edge
    if far and len(time) <= AS_LONG * trial.steps:
        values = _at_equal_parts(trial, time, epochs, examples)
    else:
        ends = time[steps - 1 :: steps]
        values = [float(np.interp(end, u, known)) if end <= u[-1] else found.at(float(end)) for end in ends]
    beyond = next((epoch for epoch, value in enumerate(values, start=1) if value >= edge), None)
    unseen = 1.0 - min(1.0, trial.examples / (epochs * examples))
    grown = abs(values[-1] - float(known[0])) / values[-1]
    least = FAR_LEFT if far or max(values) > FAR * edge else LEAST_LEFT
    later = DECAYED * max(0.0, math.log(len(time) / trial.steps)) if found.decay else 0.0
    within = 1.0 + max(least, SURE * found.left_over) + UNSEEN * unseen * grown + later
    return Forecast("j_squared", tuple(values), within, beyond)


def _at_equal_parts(trial: Trial, time: NDArray[np.float64], epochs: int, examples: int) -> list[float]:
    """J^2 after each epoch of a run whose u after each step is `time`, growing by the k of the same part of a trial."""
    u = clock(trial, examples)
    parts = np.array([round(len(time) * mark.step / trial.steps) for mark in trial.marks])
    ends = len(time) // epochs * np.arange(1, epochs + 1)
    decay, known = (
        2.0 * weight_decay(trial.setting.optimizer) * examples,
        [mark.j_squared or 0.0 for mark in trial.marks],
    )
    found, before, value = [], 0.0, known[0]
    for step in np.union1d(parts[1:], ends):
        part = int(np.searchsorted(parts, step))
        mean = 0.5 * (known[part - 1] + known[part])
        k = (known[part] - known[part - 1]) / (u[part] - u[part - 1]) + decay * mean
        value = Growth(float(k), decay, before, value, 0.0).at(float(time[step - 1]))
        before = float(time[step - 1])
        if step in ends:
            found.append(value)
    return found


def of_turnover(trials: Sequence[Trial], setting: Setting, epochs: int, examples: int) -> Forecast | None:
    """Mean turnover in each epoch of a run, None where too little was measured."""
    rows = [
        (math.log(mark.rate), math.log(mark.middle + 1), math.log(mark.turnover))
        for trial in trials
        if _tells(trial, setting)
        for mark in trial.marks
        if mark.turnover and mark.rate > 0.0
    ]
    if len(rows) < LEAST_MARKS:
        return None
    law = _fitted(np.array(rows))
    steps = examples // setting.batch_size
    values = []
    for epoch in range(epochs):
        at = epoch * steps + (np.arange(POINTS) + 0.5) * steps / POINTS
        rates = np.array([setting.rate_at(int(step), epochs * steps) for step in at])
        values.append(float(np.mean(law.at(rates, at + 1))))
    longest = max(trial.steps for trial in trials if _tells(trial, setting))
    longer = max(0.0, math.log(epochs * steps / longest))
    return Forecast("turnover", tuple(values), math.exp(max(LEAST_LEFT, SURE * law.left_over) + LONGER * longer))


@dataclass(frozen=True)
class _Turnover:
    """c eta^a (1 + tau / t) at learning rate eta after t steps; `earliest` is the first t that is known of."""

    log_c: float
    a: float
    tau: float
    earliest: float
    left_over: float

    def at(self, rates: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turnover; before what is known of as there."""
        resting = 1.0 + self.tau / np.maximum(steps, self.earliest)
        return np.asarray(np.exp(self.log_c + self.a * np.log(rates)) * resting, np.float64)


def _fitted(given: NDArray[np.float64]) -> _Turnover:
    """By least squares of rows of logarithms: of learning rate, step and turnover; tau is looked for."""
    earliest, last = math.exp(given[:, 1].min()), math.exp(given[:, 1].max())
    known = np.column_stack([np.ones(len(given)), given[:, 0]])
    found = []
    for power in range(math.ceil(FINE * math.log2(last)) + 1):
        tau = 2.0 ** (power / FINE)
        wanted = given[:, 2] - np.log1p(tau * np.exp(-given[:, 1]))
        law = np.linalg.lstsq(known, wanted, rcond=None)[0]
        found.append(_Turnover(float(law[0]), float(law[1]), tau, earliest, float(np.std(wanted - known @ law))))
    return min(found, key=lambda one: one.left_over)


def _tells(trial: Trial, setting: Setting) -> bool:
    same = trial.setting.batch_size == setting.batch_size and not trial.diverged
    return same and 1.0 / NEAR <= trial.setting.rate / setting.rate <= NEAR


def forecast(
    regime: Regime, trials: Sequence[Trial], best: Trial, setting: Setting, epochs: int, examples: int
) -> Forecast | None:
    """Of what the regime goes by, in a run of a setting on so many examples; None where too little was measured."""
    if regime.objective != EDGE:
        return of_turnover(trials, setting, epochs, examples)
    try:
        return of_j_squared(best, setting, epochs, examples, regime.edge)
    except SpecError:
        return None
