"""reasons: why settings are as they are, a line each, for people."""

from __future__ import annotations

from collections.abc import Iterator

from linocut.optimizers import Adam, Optimizer
from linocut.tune.forecast import Forecast
from linocut.tune.range_test import Found
from linocut.tune.regime import EDGE
from linocut.tune.search import Search, score
from linocut.tune.subject import Subject
from linocut.tune.trial import MARKS, Trial, momentum

WIDE, FLAT = 9.0, 30.0  # factors of rates that come to the same: worth saying, called flat
LOW_TURNOVER = 1e-4


def of_rate(search: Search, found: Found, best: Trial, alike: tuple[float, float]) -> Iterator[str]:
    """The learning rate, and whether others do as well; of a network that learned nothing that is no finding."""
    rates = [one.setting.rate for one in found.range]
    yield (
        f"learning rate {best.setting.rate:.3g}: {_of_seeds(search, best)} after {best.steps:,} steps, the best of "
        f"{len({one.setting.rate for one in search.trials})} from {min(rates):.3g} to {max(rates):.3g}"
    )
    apart = alike[1] / alike[0]
    if apart >= WIDE and search.learned(search.trials):
        little = "; the network is flat there, and there is little to tune" if apart >= FLAT else ""
        yield (
            f"learning rates from {alike[0]:.3g} to {alike[1]:.3g}, {apart:.0f} times, come to the same, within the "
            f"error of so few held-out examples{little}"
        )


def of_momentum(optimizer: Optimizer, edge: bool) -> str:
    """Momentum or betas."""
    if isinstance(optimizer, Adam):
        return f"betas {optimizer.beta1:g}, {optimizer.beta2:g}: as at the start, only the learning rate was searched"
    own = momentum(optimizer)
    why = "with the learning rate it acts as eta / (1 - alpha), so that one of them is enough to search"
    return f"momentum {own:g}: as at the start; {why}" if edge else f"momentum {own:g}: as at the start"


def of_schedule(found: Found, best: Trial) -> Iterator[str]:
    """The schedule, beside the other where that was tried, and whether signs come to rest."""
    own, text = best.setting.schedule, shown(best)
    end = best.marks[-1].turnover
    if end is not None:
        restless = f", more than {LOW_TURNOVER:g}: signs have not come to rest" if end > LOW_TURNOVER else ""
        text += f", turnover of the last of {MARKS} parts of its steps {end:.2e}{restless}"
    others = [one for one in found.longest if one.setting.schedule != own]
    if others:
        other = max(others, key=score)
        text += f"; {other.setting.schedule.kind} comes to {shown(other)} at {other.setting.rate:.3g}"
    yield f"schedule {own.kind}: {text}"


def of_length(search: Search, best: Trial) -> Iterator[str]:
    """That trials are much shorter than the run."""
    if search.too_short(best):
        run = search.subject.epochs * (len(search.subject.train) // best.setting.batch_size)
        yield (
            f"trials had {best.steps:,} steps, the run has {run:,}: what is best in so short a training, which favours "
            "large rates, need not be in the run; more minutes make them longer"
        )


def of_edge(subject: Subject, expected: Forecast | None) -> Iterator[str]:
    """When J^2 comes to the edge."""
    if subject.regime.objective != EDGE or expected is None:
        return
    edge = subject.regime.edge
    if expected.to_edge is None:
        yield f"J^2 is to end at {expected.values[-1]:.3g}, below the edge of chaos, {edge:.3g}"
    else:
        yield f"J^2 is to pass the edge of chaos, {edge:.3g}, in epoch {expected.to_edge} of {subject.epochs}"


def _of_seeds(search: Search, best: Trial) -> str:
    """What a setting came to, the mean where several seeds were tried."""
    same = [one for one in search.trials if (one.setting, one.steps) == (best.setting, best.steps)]
    if len(same) < 2:
        return shown(best)
    mean = sum(map(score, same)) / len(same)
    told = f"a loss of {-mean:.4g}" if best.accuracy is None else f"{mean:.1%}"
    return f"{told}, the mean of {len(same)} seeds,"


def shown(trial: Trial) -> str:
    """What a trial came to."""
    if trial.loss is None:
        return "divergence"
    return f"a loss of {trial.loss:.4g}" if trial.accuracy is None else f"{trial.accuracy:.1%}"
