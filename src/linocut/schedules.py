"""Schedules: the learning rate of each step: pure functions of the position in training and a small state."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from linocut.errors import SpecError
from linocut.settings_of import described_by

DIGITS = 12  # a learning rate keeps these significant digits, so that every machine's cosine gives the same one


@dataclass(frozen=True)
class Position:
    """Where training is: `step` of `steps` in all and `epoch` of `epochs`, both counted from 0."""

    step: int
    steps: int
    epoch: int
    epochs: int


@dataclass(frozen=True)
class State:
    """What a schedule remembers of past epochs: the best loss, the epochs since, the factor it has come to."""

    best: float | None = None
    waited: int = 0
    factor: float = 1.0


@dataclass(frozen=True)
class Schedule(ABC):
    """A rule for the learning rate. `fixed_length`: it depends on the planned epochs; `observes`: on losses."""

    kind: ClassVar[str]
    fixed_length: ClassVar[bool] = False
    observes: ClassVar[bool] = False

    def rate(self, base: float, position: Position, state: State) -> float:
        """The learning rate of the step at `position`, given that of the optimizer."""
        return float(f"{base * self.factor(position, state):.{DIGITS}g}")

    @abstractmethod
    def factor(self, position: Position, state: State) -> float:
        """What the optimizer's learning rate is multiplied by in the step at `position`, above 0."""

    def observe(self, state: State, loss: float) -> State:
        """The state after an epoch that ended with `loss` (of validation, else of test data, else of training)."""
        return state

    def to_dict(self) -> dict[str, Any]:
        """Kind and settings, for a file."""
        return {"kind": self.kind, **dataclasses.asdict(self)}


@dataclass(frozen=True)
class Constant(Schedule):
    """The optimizer's own learning rate in every step."""

    kind: ClassVar[str] = "constant"

    def factor(self, position: Position, state: State) -> float:
        """1 in every step."""
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """The learning rate is multiplied by `gamma` after every `every` epochs; SpecError for settings out of range."""

    kind: ClassVar[str] = "step"
    every: int = 10
    gamma: float = 0.5

    def __post_init__(self) -> None:
        """SpecError for settings out of range."""
        _whole(self, "every")
        _fraction(self, "gamma")

    def factor(self, position: Position, state: State) -> float:
        """gamma ** (epoch // every), epochs counted from 0."""
        return self.gamma ** (position.epoch // self.every)


@dataclass(frozen=True)
class Cosine(Schedule):
    """The learning rate falls by half a cosine over all planned steps, from the optimizer's own to nearly 0.

    SGDR without restarts (Loshchilov & Hutter, arXiv 1608.03983).

    The length is part of the run: a run that was planned over 8 epochs cannot be resumed as one of 16.
    """

    kind: ClassVar[str] = "cosine"
    fixed_length: ClassVar[bool] = True

    def factor(self, position: Position, state: State) -> float:
        """(1 + cos(pi step / steps)) / 2."""
        return 0.5 * (1.0 + math.cos(math.pi * position.step / position.steps))


@dataclass(frozen=True)
class Plateau(Schedule):
    """The learning rate is multiplied by `gamma` when `patience` epochs have not lowered the best loss enough.

    Enough is a fraction `threshold` of it. The loss is that of the validation data, else of the test data, else of
    training. SpecError for settings out of range.
    """

    kind: ClassVar[str] = "plateau"
    observes: ClassVar[bool] = True
    gamma: float = 0.1
    patience: int = 10
    threshold: float = 1e-4

    def __post_init__(self) -> None:
        """SpecError for settings out of range."""
        _fraction(self, "gamma")
        _whole(self, "patience")
        _fraction(self, "threshold")

    def factor(self, position: Position, state: State) -> float:
        """gamma to the number of plateaus so far, which the state keeps."""
        return state.factor

    def observe(self, state: State, loss: float) -> State:
        """Count the epochs without progress; beyond `patience` reduce the learning rate and count anew."""
        if math.isfinite(loss) and (state.best is None or loss < state.best * (1.0 - self.threshold)):
            return State(loss, 0, state.factor)
        if state.waited < self.patience:
            return State(state.best, state.waited + 1, state.factor)
        return State(state.best, 0, state.factor * self.gamma)


SCHEDULES: dict[str, type[Schedule]] = {kind.kind: kind for kind in (Constant, Step, Cosine, Plateau)}


def find_schedule(schedule: str | Schedule | dict[str, Any]) -> Schedule:
    """A schedule from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    return schedule if isinstance(schedule, Schedule) else described_by("schedule", schedule, SCHEDULES)


def _whole(schedule: Schedule, name: str) -> None:
    value = getattr(schedule, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{schedule.kind} {name} is {value!r}, must be a whole number of epochs, 1 or more")


def _fraction(schedule: Schedule, name: str) -> None:
    value = getattr(schedule, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise SpecError(f"{schedule.kind} {name} is {value!r}, must be above 0 and below 1")
