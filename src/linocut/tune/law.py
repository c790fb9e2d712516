"""law: the learning rate by which J^2 comes to the edge as the run ends, from the growth that trials have seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from linocut.tune.forecast import growth
from linocut.tune.search import with_rate
from linocut.tune.subject import Subject
from linocut.tune.trial import Setting, Trial, momentum, weight_decay


def by_law(subject: Subject, coarse: Sequence[Trial]) -> list[Setting]:
    """The rate by which J^2 comes to the edge as the run ends, where it is within the range that was tested."""
    found = _law(subject, coarse)
    if found is None:
        return []
    rate, setting = found
    rates = [one.setting.rate for one in coarse if not one.diverged]
    return [with_rate(setting, rate)] if min(rates) <= rate <= max(rates) else []


def _law(subject: Subject, coarse: Sequence[Trial]) -> tuple[float, Setting] | None:
    """That rate, and the setting of the trial that says so: the one that came nearest to the edge from below."""
    edge, examples = subject.regime.edge, len(subject.train)
    ordered = [one for one in coarse if not one.diverged and (one.j_squared or math.inf) < edge]
    if not ordered or any(weight_decay(one.setting.optimizer) for one in ordered):
        return None
    nearest = max(ordered, key=lambda one: one.j_squared or 0.0)
    line = growth(nearest, examples)
    if line.k <= 0.0:
        return None
    u = line.u + (edge - line.j_squared) / line.k
    steps = subject.epochs * (examples // nearest.setting.batch_size)
    setting = with_rate(nearest.setting, 1.0)
    whole = sum(setting.rate_at(step, steps) for step in range(steps))
    return u * (1.0 - momentum(setting.optimizer)) * examples / whole, nearest.setting
