"""tune: how to train a network on its data, found by short trainings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from linocut import fields
from linocut.data.augmentation import Augmentation, find_augmentation
from linocut.errors import SpecError
from linocut.graph.network import Network
from linocut.optimizers import SGD, Adam, Bop, Optimizer, find_optimizer
from linocut.plan.training import Training
from linocut.policies import Policy, find_policy
from linocut.run import NATIVE
from linocut.run.feed import as_dataset
from linocut.schedules import Cosine
from linocut.settings_of import as_plain
from linocut.train.settings import find_seed
from linocut.tune import range_test
from linocut.tune.advice import Advice
from linocut.tune.ailments import ailments
from linocut.tune.batch import of_batch
from linocut.tune.decay import of_decay
from linocut.tune.forecast import forecast
from linocut.tune.law import by_law
from linocut.tune.reasons import of_edge, of_length, of_momentum, of_rate, of_schedule
from linocut.tune.regime import AUTO, EDGE, Regime, find_regime
from linocut.tune.search import Search
from linocut.tune.subject import Subject, held_out
from linocut.tune.trial import Setting, Trial

if TYPE_CHECKING:
    from linocut.run.feed import Examples

BATCH, EDGE_BATCH, EDGE_MOMENTUM = 100, 32, 0.9
RATES = 2 * range_test.SIDE + 1
MOST_MINUTES, MOST_EPOCHS = 1e5, 10_000  # the forecast looks at every step of the run


def tune(
    network: Network,
    train: Examples,
    policy: str | Policy = "lean",
    optimizer: str | Optimizer | None = None,
    batch_size: int | None = None,
    *,
    minutes: float = 5.0,
    epochs: int = 10,
    objective: str = AUTO,
    seed: int = 0,
    threads: int | None = None,
    backend: str = NATIVE,
    augment: str | Augmentation | None = None,
    tell: Callable[[Trial], None] = lambda trial: None,
) -> Advice:
    """How to train `network` on `train`, examples as `Trainer.fit` takes them, for `epochs`, found in `minutes`.

    A fifth of the examples, at most 5,000, is held out to judge by; test data are not looked at. `objective` is what
    the run is foretold by: "edge" (J^2, of tanh and ReLU layers), "turnover" (of binary weights), or "auto". The search
    begins around the learning rate of `optimizer`, which may be 30 times off; without one it is Adam, for an edge SGD.
    A `batch_size` that is given is kept; otherwise half of the usual one is tried too. `tell` gets each trial.
    SpecError for settings that cannot be, for a network with nothing to tune, an objective that does not apply and
    minutes in which nothing fits; DataError for too few examples.
    """
    begin = time.monotonic()
    seconds = 60.0 * _minutes(minutes)
    Training(network, find_policy(policy), Adam())  # which tells of what is no network
    seed = find_seed(seed)
    regime = find_regime(network.graph, objective)
    start = _start(optimizer, batch_size, regime)
    dataset = as_dataset(train, network.graph)
    left, held = held_out(dataset, start.batch_size, seed)
    subject = Subject(
        *(
            network,
            find_policy(policy),
            dataset,
            left,
            held,
            _epochs(epochs),
            regime,
        ),
        *(seed, threads, backend, find_augmentation(augment)),
    )
    search = Search(subject, seconds, tell)
    first = search.pace(start, RATES)
    coarse = range_test.coarse(search, start)
    found = range_test.narrowed(search, coarse, by_law(subject, coarse))
    best, batch_reason = of_batch(search, found.best, given=batch_size is not None)
    expected = forecast(regime, search.trials, best, best.setting, subject.epochs, len(dataset))
    plain = best
    best, expected, decay_reason = of_decay(search, plain, expected)
    alike = search.alike(coarse)
    reasons = (
        *of_rate(search, found, plain, alike),
        of_momentum(best.setting.optimizer, regime.objective == EDGE),
        batch_reason,
        decay_reason,
        *of_schedule(found, plain),
        *of_edge(subject, expected),
        *of_length(search, plain),
    )
    warnings = tuple(ailments(search, search.trials, first.layers))
    setting = best.setting
    return Advice(
        *(setting.optimizer, setting.schedule, setting.batch_size, subject.epochs, regime, reasons, warnings, alike),
        *(expected, tuple(search.trials), time.monotonic() - begin, search.learned(search.trials)),
    )


def _minutes(given: float) -> float:
    minutes = as_plain(given)
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0.0 < minutes <= MOST_MINUTES:
        raise SpecError(f"minutes is {given!r}, must be a number above 0, up to {MOST_MINUTES:,.0f}, such as 5")
    return float(minutes)


def _epochs(given: int) -> int:
    epochs = as_plain(given)
    if isinstance(epochs, bool) or not isinstance(epochs, int) or not 1 <= epochs <= MOST_EPOCHS:
        raise SpecError(f"epochs is {given!r}, must be a whole number from 1 to {MOST_EPOCHS:,}")
    return epochs


def usual_optimizer(regime: Regime) -> Optimizer:
    """That of networks of a regime, where none is given."""
    return SGD(momentum=EDGE_MOMENTUM) if regime.objective == EDGE else Adam()


def _start(optimizer: str | Optimizer | None, batch_size: int | None, regime: Regime) -> Setting:
    """Where the search begins."""
    edge = regime.objective == EDGE
    found = usual_optimizer(regime) if optimizer is None else find_optimizer(optimizer)
    if isinstance(found, Bop):
        raise SpecError("bop flips binary weights without a learning rate, there is nothing to tune; take adam or sgd")
    batch = (EDGE_BATCH if edge else BATCH) if batch_size is None else fields.whole(as_plain(batch_size), "batch", 1)
    return Setting(found, batch, Cosine())
