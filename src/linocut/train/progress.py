"""Progress: how far a run has come."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from linocut.schedules import State
from linocut.train.events import EpochEnded


@dataclass
class Progress:
    """`epoch` of `epochs` are done, and `step` steps of the next, which took `seconds`.

    With the persistent buffers of the arena, the metrics of the unfinished epoch among them, this is all that
    going on needs.
    """

    epochs: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    schedule: State = field(default_factory=State)
    history: list[EpochEnded] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        """Whether any step was taken."""
        return self.epoch > 0 or self.step > 0

    def end_epoch(self, ended: EpochEnded, schedule: State) -> None:
        """The epoch is done."""
        self.history.append(ended)
        self.schedule = schedule
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it, for a file."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Progress:
        """What `to_dict` wrote; KeyError or TypeError for anything else."""
        history = [EpochEnded(**entry) for entry in data["history"]]
        return Progress(**{**data, "schedule": State(**data["schedule"]), "history": history})

    def __str__(self) -> str:
        """How far, for people."""
        part = f" and {self.step} steps" if self.step else ""
        return f"{self.epoch} of {self.epochs} epochs{part}"
