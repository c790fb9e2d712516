"""decay: weight decay that holds J^2 at the edge, searched with decay on.

Balance of growth and decay at the edge e says lambda = k / (4 S e) in Keras's convention; but k of runs without decay
does not hold with it (it came to 4.6e-5 where 9e-5 was needed): so k is measured anew at each decay that is tried.
"""

from __future__ import annotations

from dataclasses import replace

from linocut.errors import SpecError
from linocut.optimizers import SGD
from linocut.tune.forecast import Forecast, Growth, forecast, growth
from linocut.tune.reasons import shown
from linocut.tune.regime import EDGE
from linocut.tune.search import Search
from linocut.tune.trial import Trial, weight_decay

ROUNDS = 3
NEAR = 0.05  # of J^2: near enough to the edge


def held_at_edge(search: Search, best: Trial, end: float) -> Trial | None:
    """The trial whose decay holds J^2 nearest to the edge, and is not worse; None for none.

    `end` is J^2 at the end of the run without decay. Only of SGD: Adam's steps do not follow the law.
    """
    edge, examples = search.subject.regime.edge, len(search.subject.train)
    if not isinstance(best.setting.optimizer, SGD) or end <= edge * (1.0 + NEAR):
        return None
    found, tried = growth(best, examples), []
    for _ in range(ROUNDS):
        if found.k <= 0.0 or not search.fits(best.examples):
            break
        optimizer = replace(best.setting.optimizer, weight_decay=_balance(found, edge, examples))
        trial = search.run(replace(best.setting, optimizer=optimizer), best.examples)
        try:
            found = growth(trial, examples)
        except SpecError:
            break
        tried.append(trial)
        if abs((trial.j_squared or 0.0) - edge) <= NEAR * edge:
            break
    good = [one for one in tried if search.margin(one, best) >= -1.0]
    return min(good, key=lambda one: abs((one.j_squared or 0.0) - edge), default=None)


def _balance(found: Growth, edge: float, examples: int) -> float:
    """PyTorch's weight decay, 2 lambda, at which growth k and 2 lambda' S J^2 are equal at the edge."""
    return float(f"{found.k / (2.0 * examples * edge):.3g}")


def of_decay(search: Search, best: Trial, expected: Forecast | None) -> tuple[Trial, Forecast | None, str]:
    """With weight decay where J^2 would pass the edge within the run, and it does no harm."""
    own = weight_decay(best.setting.optimizer)
    if search.subject.regime.objective != EDGE:
        why = "it is the inertia of signs, and none is advised before an experiment says how much"
        return best, expected, f"weight decay {own:g}: as at the start; {why}"
    edge = search.subject.regime.edge
    if expected is None or own or expected.to_edge is None:
        why = "as given" if own else f"J^2 does not pass the edge ({edge:.3g}) within the run"
        return best, expected, f"weight decay {own:g}: {why}"
    if search.too_short(best):  # k falls as training goes on: by that of short trials J^2 was held far below the edge
        short = "trials are too short beside the run to say what holds it there; give more minutes"
        return best, expected, f"weight decay 0: J^2 passes the edge in epoch {expected.to_edge}, but {short}"
    held = held_at_edge(search, best, expected.values[-1])
    if held is None:
        why = f"J^2 passes the edge in epoch {expected.to_edge}; none was found, in time, that holds it there unharmed"
        return best, expected, f"weight decay 0: {why}"
    subject = search.subject
    after = forecast(subject.regime, search.trials, held, held.setting, subject.epochs, len(subject.train))
    decay = weight_decay(held.setting.optimizer)
    reason = (
        f"weight decay {decay:.3g} (Keras's lambda {decay / 2:.3g}): J^2 ends at {held.j_squared:.3g} instead of "
        f"{best.j_squared:.3g}, the edge is {edge:.3g}, with {shown(held)}, without {shown(best)}; k was measured with "
        "decay on"
    )
    return held, after, reason
