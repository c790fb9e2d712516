"""prune: a trainer of a pruned network, that goes on from a trained one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from linocut.errors import RunError
from linocut.graph.narrow import carried_over, narrow
from linocut.graph.prune import CHANNEL, Kept, Pruning
from linocut.ops.bits import Array
from linocut.optimizers import Optimizer, find_optimizer
from linocut.run import NATIVE
from linocut.schedules import Schedule, find_schedule
from linocut.train.pruning import kept, prune_to
from linocut.train.settings import Settings
from linocut.train.trainer import Trainer


def prune(
    source: str | os.PathLike[str] | Trainer,
    rate: float = 20.0,
    by: str = "word",
    *,
    balanced: bool = False,
    ramp: int = 0,
    optimizer: str | Optimizer | None = None,
    schedule: str | Schedule | None = None,
    seed: int | None = None,
    threads: int | None = None,
    backend: str = NATIVE,
) -> Trainer:
    """A trainer of the network of a run folder, or of another trainer, with `rate` times fewer binary weights.

    `by` is "kernel", "column", "block" or "word", of which each layer keeps the largest groups, `balanced` as many for
    each output; or "channel", which makes a smaller network. With a `ramp` the share that is pruned climbs over so many
    epochs of `fit`. What was learned is taken over; moments start anew, as do epochs: `fit` trains what is left, by the
    settings of the source but for those that are given. SpecError for a rate that leaves a layer nothing, and for what
    cannot be pruned; RunError for a folder that cannot be read, and for a network that is masked already.
    """
    pruning = Pruning(rate, by, balanced, ramp)
    given = source if isinstance(source, Trainer) else Trainer.resume(source, threads, backend)
    own = given.settings
    if own.pruning is not None and by == CHANNEL:
        raise RunError(
            f"the network is pruned {own.pruning} already, of which channels cannot be left out; prune the network "
            "that it was made of"
        )
    wanted = replace(
        own,
        optimizer=own.optimizer if optimizer is None else find_optimizer(optimizer),
        schedule=own.schedule if schedule is None else find_schedule(schedule),
        seed=own.seed if seed is None else seed,
        pruning=None,
    )
    found = _narrowed(given, wanted, pruning) if by == CHANNEL else _masked(given, wanted, pruning)
    trainer = Trainer.from_settings(found[0], threads, backend)
    trainer.state.update(found[1])
    if found[0].pruning is not None and not ramp:
        prune_to(trainer.state, trainer.compiled, pruning, pruning.rate)
    name = "a trainer" if isinstance(source, Trainer) else str(Path(source))
    trainer.source, trainer.data = f"{name}, pruned {pruning}", given.data
    return trainer


def kept_words(trainer: Trainer) -> tuple[Kept, ...]:
    """What each masked layer of a trainer's network keeps by now: weights and words."""
    pruning = trainer.settings.pruning
    return () if pruning is None else kept(trainer.compiled, trainer.session, pruning)


def _masked(given: Trainer, settings: Settings, pruning: Pruning) -> tuple[Settings, dict[str, Array]]:
    return replace(settings, pruning=pruning), dict(given.state)


def _narrowed(given: Trainer, settings: Settings, pruning: Pruning) -> tuple[Settings, dict[str, Array]]:
    network, state = settings.network, dict(given.state)
    smaller = narrow(network, state, pruning.rate)
    return replace(settings, network=smaller.network), carried_over(network.graph, smaller, state)
