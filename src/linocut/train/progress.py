"""Progress: how far a run has come."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from linocut import fields
from linocut.errors import SpecError
from linocut.schedules import State
from linocut.train.choosing import LAST, Best
from linocut.train.events import EpochEnded
from linocut.train.findings import Findings

MOST_EPOCHS = 10**9


@dataclass
class Progress:
    """`epoch` of `epochs` are done, and `step` steps of the next, which took `seconds` and came to the `findings`.

    With the persistent buffers of the arena, the metrics of the unfinished epoch among them, this is all that
    going on needs, but for the `history`, what the latest epochs came to, which is kept for people. `best` is the best
    epoch, of those that were validated.
    """

    epochs: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    schedule: State = field(default_factory=State)
    history: list[EpochEnded] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    best: Best | None = None

    @property
    def waited(self) -> int:
        """How many epochs have ended since the best one."""
        return self.epoch - (self.best.epoch if self.best else 0)

    @property
    def at_best(self) -> bool:
        """Whether the state is that of the best epoch's end; also where no epoch is known to be better."""
        return self.best is None or (self.waited == 0 and self.step == 0)

    def at_kept(self, keep: str) -> bool:
        """Whether the model of the epoch that is to be kept, "best" or "last", is that of the state that there is."""
        return keep == LAST or self.at_best

    @property
    def forgotten(self) -> int:
        """Epochs whose figures are not known any more, as the log that had them is gone."""
        return self.epoch - len(self.history)

    @property
    def begun(self) -> bool:
        """Whether any step was taken."""
        return self.epoch > 0 or self.step > 0

    def end_epoch(self, ended: EpochEnded, schedule: State) -> None:
        """The epoch is done."""
        self.history.append(ended)
        self.schedule = schedule
        self.epoch, self.step, self.seconds, self.findings = self.epoch + 1, 0, 0.0, Findings()

    def to_dict(self) -> dict[str, Any]:
        """All of it but the history, for a file."""
        kept = dataclasses.asdict(dataclasses.replace(self, history=[]))
        del kept["history"]
        return kept

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Progress:
        """What `to_dict` wrote; SpecError for anything else, and for numbers that contradict each other.

        Checkpoints of version 1 have no findings, those of 1 to 3 no best epoch.
        """
        data = {"findings": dataclasses.asdict(Findings()), "best": None, **fields.mapping(data, "progress")}
        fields.described(data, Progress, "progress", without=("history",))
        epochs, epoch, step = (fields.whole(data[name], f"progress {name}") for name in ("epochs", "epoch", "step"))
        if epochs > MOST_EPOCHS:
            raise SpecError(f"progress epochs is above what any run has, must be {MOST_EPOCHS:,} or fewer")
        if epoch + (step > 0) > epochs:
            raise SpecError(f"progress is at epoch {epoch} and step {step}, but epochs is {epochs}")
        seconds = fields.number(data["seconds"], "progress seconds")
        findings = Findings.from_dict(data["findings"])
        best = None if data["best"] is None else Best.from_dict(data["best"])
        if best is not None and best.epoch > epoch:
            raise SpecError(f"progress is at epoch {epoch}, but its best is {best.epoch}")
        return Progress(epochs, epoch, step, seconds, _state(data["schedule"]), [], findings, best)

    def __str__(self) -> str:
        """How far, for people."""
        part = f" and {self.step} steps" if self.step else ""
        return f"{self.epoch} of {self.epochs} epochs{part}"


def _state(given: object) -> State:
    data = fields.described(given, State, "progress schedule")
    best = fields.number_or_none(data["best"], "schedule best")
    waited = fields.whole(data["waited"], "schedule waited")
    factor = fields.number(data["factor"], "schedule factor")
    if factor < 0:
        raise SpecError(f"schedule factor is {factor}, must be 0 or more")
    return State(best, waited, factor)
