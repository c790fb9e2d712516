"""verified: the run that was advised, carried out, with what was foretold beside what came."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from linocut.data.augmentation import Augmentation
from linocut.graph.network import Network
from linocut.policies import Policy
from linocut.run import NATIVE
from linocut.train import EpochEnded, Trainer
from linocut.train.events import Callback, Event
from linocut.tune.advice import Advice
from linocut.tune.regime import EDGE
from linocut.tune.trial import mean_j_squared

if TYPE_CHECKING:
    from linocut.run.feed import Examples


@dataclass(frozen=True)
class Verified:
    """An epoch: what was expected of `measure` (None: nothing was), what was measured, and whether that is within.

    `accuracy`, a part of one, is that of the test data, None without.
    """

    epoch: int
    measure: str
    expected: float | None
    measured: float
    within: bool | None
    accuracy: float | None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def verify(
    advice: Advice,
    network: Network,
    train: Examples,
    test: Examples | None = None,
    policy: str | Policy = "lean",
    *,
    seed: int = 0,
    threads: int | None = None,
    backend: str = NATIVE,
    augment: str | Augmentation | None = None,
    out: str | os.PathLike[str] | None = None,
    callbacks: Sequence[Callback] = (),
    tell: Callable[[Verified], None] = lambda one: None,
) -> tuple[Verified, ...]:
    """Train as advised, on all examples, and set the forecast beside what came, by epoch.

    `out` keeps the run, `tell` gets each epoch as it is done; errors are those of `Trainer.fit`.
    """
    settings = advice.batch_size, seed, threads, advice.schedule, backend, augment
    trainer = Trainer(network, policy, advice.optimizer, *settings)
    found: list[Verified] = []

    def watch(event: Event) -> None:
        if isinstance(event, EpochEnded):
            found.append(_beside(advice, event))
            tell(found[-1])

    trainer.fit(train, advice.epochs, out=out, callbacks=[watch, *callbacks], test=test, dynamics=True)
    return tuple(found)


def _beside(advice: Advice, event: EpochEnded) -> Verified:
    of_edge = advice.regime.objective == EDGE
    measured = mean_j_squared(event.dynamics or (), advice.regime.layers) if of_edge else event.flip_ratio
    expected, within = None, None
    if advice.forecast is not None:
        expected = advice.forecast.values[event.epoch - 1]
        within = bool(expected / advice.forecast.within <= measured <= expected * advice.forecast.within)
    measure = "j_squared" if of_edge else "turnover"
    return Verified(event.epoch, measure, expected, measured, within, event.accuracy)
