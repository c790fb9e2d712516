"""trial: one short training of the range test: what it comes to, and what its weights go through on the way."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linocut.data.dataset import Dataset
from linocut.data.subset import Subset
from linocut.dynamics.layer import LayerDynamics
from linocut.dynamics.weights import weights_dynamics
from linocut.errors import DivergenceError
from linocut.optimizers import Optimizer
from linocut.schedules import Position, Schedule, State
from linocut.train import EpochEnded, Stepped, Trainer
from linocut.train.epoch import Metrics
from linocut.train.events import Event
from linocut.tune.regime import EDGE
from linocut.tune.subject import Subject

MARKS = 8  # of a trial, evenly


class TooSlow(Exception):
    """A training was not done in time; `per_step` are seconds of a step, `beside` those before the first."""

    def __init__(self, per_step: float, beside: float) -> None:
        super().__init__(f"{per_step:.3g} s a step")
        self.per_step, self.beside = per_step, beside


@dataclass(frozen=True)
class Setting:
    """An optimizer with its learning rate, a batch and a schedule."""

    optimizer: Optimizer
    batch_size: int
    schedule: Schedule

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.optimizer.learning_rate

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of a step, from 0, of so many in all."""
        return self.rate * self.schedule.factor(Position(step, steps, 0, 1), State())


@dataclass(frozen=True)
class Mark:
    """After `step` steps: the sum of their learning rates, and the mean J^2 of the layers that are followed (None of
    signs). Of the steps since the last mark: the one in the `middle`, its learning rate, and their turnover (None
    without binary weights).
    """

    step: int
    rates: float
    middle: int
    rate: float
    turnover: float | None
    j_squared: float | None


@dataclass(frozen=True)
class Trial:
    """A setting, trained for `examples`, those that a whole batch lacked too, in so many `steps`, from a seed.

    `loss` and `accuracy` (a part of one; None of a regression) are of what was held out, both None where training
    diverged. `layers` are what a look at the first step saw. `per_step` are seconds of a step, after the first;
    `seconds` those of all, making ready and judging too.
    """

    setting: Setting
    examples: int
    steps: int
    seed: int
    loss: float | None
    accuracy: float | None
    marks: tuple[Mark, ...]
    layers: tuple[LayerDynamics, ...]
    per_step: float
    seconds: float

    @property
    def beside(self) -> float:
        """Seconds of making ready and judging."""
        return max(0.0, self.seconds - self.per_step * self.steps)

    @property
    def diverged(self) -> bool:
        """Whether its numbers ran away."""
        return self.loss is None

    @property
    def j_squared(self) -> float | None:
        """At its end."""
        return self.marks[-1].j_squared if self.marks else None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "learning_rate": self.setting.rate,
            "batch": self.setting.batch_size,
            "schedule": self.setting.schedule.kind,
            "weight_decay": weight_decay(self.setting.optimizer),
            "seed": self.seed,
            "examples": self.examples,
            "steps": self.steps,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "turnover": [mark.turnover for mark in self.marks],
            "j_squared": [mark.j_squared for mark in self.marks],
            "seconds": self.seconds,
        }


def weight_decay(optimizer: Optimizer) -> float:
    """Its own, 0 where it has none."""
    return float(getattr(optimizer, "weight_decay", 0.0))


def momentum(optimizer: Optimizer) -> float:
    """Its own, 0 where it has none."""
    return float(getattr(optimizer, "momentum", 0.0))


def run_trial(subject: Subject, setting: Setting, examples: int, seed: int, seconds: float = math.inf) -> Trial:
    """Train a setting for about so many examples, whole batches, and judge it by what is held out.

    TooSlow where that training is not done in so many seconds.
    """
    data, epochs = _data(subject, setting.batch_size, examples, seed)
    begin = time.monotonic()
    trainer = Trainer(
        subject.network,
        subject.policy,
        setting.optimizer,
        setting.batch_size,
        seed,
        subject.threads,
        setting.schedule,
        subject.backend,
        subject.augmentation,
    )
    steps = epochs * (len(data) // setting.batch_size)
    watch = _Watch(trainer, setting, steps, subject.regime.objective == EDGE, subject.regime.layers)
    watch.deadline = begin + seconds
    loss, accuracy = None, None
    try:
        trainer.fit(data, epochs, callbacks=[watch], dynamics=True)
        if watch.late:
            raise TooSlow(watch.per_step, watch.begun - begin)
        found = trainer.evaluate(subject.held)
        if math.isfinite(found.loss):
            loss, accuracy = found.loss, found.accuracy
    except DivergenceError:
        pass
    return Trial(
        setting,
        epochs * len(data),
        steps,
        seed,
        loss,
        accuracy,
        tuple(watch.marks),
        watch.layers,
        watch.per_step,
        time.monotonic() - begin,
    )


def _data(subject: Subject, batch: int, examples: int, seed: int) -> tuple[Dataset, int]:
    """So many examples once, any of all, or all of them in several epochs."""
    left = subject.left
    if examples >= len(left):
        return left, round(examples / len(left))
    places = np.random.default_rng(seed).permutation(len(left))[: max(batch, examples // batch * batch)]
    return Subset(left, places.astype(np.int64)), 1


@dataclass
class _Watch:
    """A callback that marks what weights went through; signs that changed are counted by the steps themselves."""

    trainer: Trainer
    setting: Setting
    steps: int
    of_edge: bool
    followed: tuple[str, ...]
    marks: list[Mark] = field(default_factory=list)
    layers: tuple[LayerDynamics, ...] = ()
    deadline: float = math.inf
    late: bool = False

    def __post_init__(self) -> None:
        graph = self.trainer.network.graph
        self._weights = sum(node.cost.binary_parameters for node in graph.nodes)
        self._at = {round(self.steps * mark / MARKS) for mark in range(1, MARKS + 1)}
        self._flips = self._epoch_flips = 0
        self._begun = self._latest = (0, 0.0)
        self._rates = 0.0
        if self.of_edge:
            self.marks.append(Mark(0, 0.0, 0, self.setting.rate, None, self._j_squared()))

    def __call__(self, event: Event) -> None:
        """After a step, and after an epoch."""
        if isinstance(event, EpochEnded) and not self.layers:
            self.layers = event.dynamics or ()
        if not isinstance(event, Stepped):
            return
        step = (event.epoch - 1) * event.steps + event.step
        self._latest = step, time.monotonic()
        if step == 1:
            self._begun = self._latest
        self._rates += self.setting.rate_at(step - 1, self.steps)
        if step in self._at or event.step == event.steps:
            self._count(first=event.step == event.steps)
        if step in self._at:
            self._mark(step)
        if 1 < step < self.steps and self._latest[1] > self.deadline:
            self.late = True
            self.trainer.stop()

    @property
    def begun(self) -> float:
        """When the first step was done."""
        return self._begun[1]

    @property
    def per_step(self) -> float:
        """Seconds, from the first step to the latest; 0 of fewer than two."""
        return (self._latest[1] - self._begun[1]) / max(1, self._latest[0] - self._begun[0])

    def _count(self, *, first: bool) -> None:
        """Signs that changed since the last count; of a new epoch they are counted from 0."""
        found = Metrics.of(self.trainer.session, self.trainer.network.graph).flips
        self._flips += found - self._epoch_flips
        self._epoch_flips = 0 if first else found

    def _mark(self, step: int) -> None:
        before = self.marks[-1].step if self.marks else 0
        middle = (before + step) // 2
        rate = self.setting.rate_at(middle, self.steps)
        turnover = self._flips / (self._weights * (step - before)) if self._weights else None
        self._flips = 0
        j_squared = self._j_squared() if self.of_edge else None
        self.marks.append(Mark(step, self._rates, middle, rate, turnover, j_squared))

    def _j_squared(self) -> float:
        layers = weights_dynamics(self.trainer.network.graph, self.trainer.state)
        return mean_j_squared(layers, self.followed)


def mean_j_squared(layers: tuple[LayerDynamics, ...], followed: tuple[str, ...]) -> float:
    """The mean of J^2 over layers by name."""
    return float(np.mean([layer.j**2 for layer in layers if layer.layer in followed]))
