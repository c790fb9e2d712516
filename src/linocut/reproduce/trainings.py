"""Trainings of a paper's networks on its data: each kept in a run folder, where it goes on when asked for again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linocut import networks
from linocut.data import load
from linocut.optimizers import Adam
from linocut.reproduce.asked import Asked
from linocut.schedules import Schedule, find_schedule
from linocut.train import EpochEnded, Trainer
from linocut.train.events import Event
from linocut.train.kept_run import kept_or_new

BATCH, RATE, SEED = 100, 1e-3, 0


@dataclass(frozen=True)
class Training:
    """A network by name on data by name under a policy, with Adam at 1e-3 in batches of 100, from seed 0."""

    model: str
    data: str
    policy: str
    epochs: int
    augment: str = "none"
    schedule: str | Schedule = "cosine"

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.model}-{self.data}-{self.policy}"

    @property
    def command(self) -> str:
        """The command that trains it; SpecError where its schedule is of settings that a command cannot give."""
        augment = "" if self.augment == "none" else f" --augment {self.augment}"
        return (
            f"linocut train --model {self.model} --data {self.data}{augment} --policy {self.policy} --optimizer adam "
            f"--batch {BATCH} --epochs {self.epochs} --lr 1e-3 --schedule {find_schedule(self.schedule).kind} "
            f"--seed {SEED}"
        )

    def accuracy(self, asked: Asked) -> float:
        """Train it, or go on with it below `asked.out`, and give the test accuracy, in percent, after the last epoch.

        DataError where the data are not on this machine, RunError where the folder holds another run.
        """
        train, test = load(self.data, asked.data_dir)
        out = None if asked.out is None else asked.out / self.name
        trainer = self._trainer(asked, train.shape, len(train.classes), out)

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                right = "" if event.accuracy is None else f", test accuracy {event.accuracy:.2%}"
                asked.tell(
                    f"{self.model} on {self.data}, {self.policy}: epoch {event.epoch}/{self.epochs}, "
                    f"loss {event.loss:.4f}{right}"
                )

        history = trainer.fit(train, self.epochs, out=out, callbacks=[told], test=test)
        found = history[-1].accuracy
        assert found is not None  # there are test data, and classes
        return 100 * found

    def _trainer(self, asked: Asked, shape: tuple[int, ...], classes: int, out: Path | None) -> Trainer:
        network = networks.build(self.model, input_shape=shape, classes=classes)
        new = Trainer(
            network,
            self.policy,
            Adam(RATE),
            BATCH,
            SEED,
            asked.threads,
            find_schedule(self.schedule),
            augment=self.augment,
        )
        return kept_or_new(new, out, asked.threads)
