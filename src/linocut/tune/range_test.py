"""range_test: learning rates over three decades and more, then nearer ones for longer, the longest as long as time is.

Short trainings favour large rates: so each round looks a step to both sides of the best of the round before, in
trainings several times as long. Every trial has the whole schedule, in its own length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from linocut.schedules import Constant, Cosine
from linocut.tune.search import Search, score, with_rate
from linocut.tune.trial import Setting, Trial

WIDE, NEAR = 10**0.5, 10**0.25  # from one rate to the next
SIDE = 3  # rates to each side of the start
BEYOND = 4  # rates that are looked at beyond the range, where the best is at its end
FIRST, SECOND, THIRD = 0.3, 0.4, 0.5  # shares of the time that is left at each round
LONGER = 3  # times longer, where nothing has learned yet
SEEDS, FINALISTS = 3, 3


@dataclass(frozen=True)
class Found:
    """What a range test came to: its first round, by rate, all of the longest trials, and the best setting's."""

    range: tuple[Trial, ...]
    longest: tuple[Trial, ...]
    best: Trial


def coarse(search: Search, start: Setting) -> list[Trial]:
    """Rates to both sides of the start, and beyond where the best is at an end; by rate, all of one length."""
    count = 2 * SIDE + 1
    examples = search.affordable(count + 1, FIRST)
    trials = _over(search, start, examples)
    if not search.learned(trials) and search.fits(LONGER * examples, count):
        trials = _over(search, start, search.whole(LONGER * examples))
    return trials


def _over(search: Search, start: Setting, examples: int) -> list[Trial]:
    rates = [start.rate * WIDE**power for power in range(-SIDE, SIDE + 1)]
    trials = search.run_all((with_rate(start, rate) for rate in rates), examples)
    _beyond(search, trials, WIDE, examples)
    return trials


def _beyond(search: Search, trials: list[Trial], apart: float, examples: int) -> None:
    """Add trials beyond the ends, while the best is at one; they are by rate then."""
    trials.sort(key=lambda one: one.setting.rate)
    for _ in range(BEYOND):
        best = search.best(trials) if any(not one.diverged for one in trials) else trials[0]
        factor = {0: 1.0 / apart, len(trials) - 1: apart}.get(trials.index(best))
        if factor is None or not search.fits(examples):
            break
        trials.append(search.run(with_rate(best.setting, best.setting.rate * factor), examples))
        trials.sort(key=lambda one: one.setting.rate)


def narrowed(search: Search, range_: Sequence[Trial], more: Sequence[Setting] = ()) -> Found:
    """The best rate, in rounds of longer trials; `more` are settings that the second round looks at too."""
    best = search.best(range_)
    second = [with_rate(best.setting, best.setting.rate * factor) for factor in (1.0, 1.0 / WIDE, WIDE)]
    settings = [*second, *more]
    examples = search.affordable(len(settings), SECOND)
    trials = search.run_all(settings, examples)
    best = search.best(trials)
    third = [with_rate(best.setting, best.setting.rate * factor) for factor in (1.0, 1.0 / NEAR, NEAR)]
    longest = max(examples, search.affordable(len(third) + 1, THIRD))
    trials = _of_length(search, longest, [*trials, *search.run_all(third, longest)])
    _beyond(search, trials, NEAR, longest)
    best = search.best(trials)
    if isinstance(best.setting.schedule, Cosine) and search.fits(longest):
        trials.append(search.run(replace(best.setting, schedule=Constant()), longest))
    trials = _of_length(search, longest, [*range_, *trials])
    return Found(tuple(range_), tuple(trials), _of_several_seeds(search, trials, longest))


def _of_length(search: Search, examples: int, trials: Sequence[Trial]) -> list[Trial]:
    """Those of about this length, each once."""
    return list({id(one): one for one in trials if abs(one.examples - examples) <= one.setting.batch_size}.values())


def _of_several_seeds(search: Search, trials: Sequence[Trial], examples: int) -> Trial:
    """The best; where trials are as long as the real run, and there is time, the best few by the mean over seeds."""
    sound = [one for one in trials if not one.diverged]
    order = sorted(sound, key=score, reverse=True)[:FINALISTS]
    if len(order) < 2 or examples < search.whole(search.subject.examples):
        return search.best(trials)
    scores = {one.setting: [one] for one in order}
    for seed in range(search.subject.seed + 1, search.subject.seed + SEEDS):
        if search.fits(examples, len(order)):
            for one in order:
                scores[one.setting].append(search.run(one.setting, examples, seed))
    if len(scores[order[0].setting]) == 1:
        return search.best(trials)
    return max(order, key=lambda one: _mean(scores[one.setting]))


def _mean(trials: Sequence[Trial]) -> float:
    return sum(map(score, trials)) / len(trials)
