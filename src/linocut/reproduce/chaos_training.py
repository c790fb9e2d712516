"""A training of the network of arXiv 2107.09437, and what J^2 of its hidden layer and the test accuracy come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linocut.data import as_floats
from linocut.data.dataset import Dataset
from linocut.dynamics import History, rescaled
from linocut.dynamics.laws import EDGE
from linocut.optimizers import SGD
from linocut.reproduce.asked import Asked
from linocut.reproduce.tanh_network import HIDDEN, tanh_network
from linocut.train import EpochEnded, Trainer, read_dynamics
from linocut.train.events import Event
from linocut.train.kept_run import kept_or_new
from linocut.train.run_folder import RunFolder

SEED = 0


@dataclass(frozen=True)
class Trajectory:
    """J^2 of the hidden layer by epoch, 0 first, test accuracies (parts of one) from epoch 1 on, seconds of all."""

    j_squared: tuple[float, ...]
    accuracies: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class ChaosTraining:
    """SGD of rate `eta` and momentum `alpha` in batches of `batch`, for `epochs` or, `to_edge`, until J^2 passes 1.

    `decay` is the lambda of Keras's l2, whose gradient is 2 lambda w; that is PyTorch's weight decay of 2 lambda.
    """

    eta: float
    alpha: float
    batch: int
    epochs: int
    decay: float = 0.0
    to_edge: bool = False

    @property
    def name(self) -> str:
        """What its folder is called."""
        decay = f"-lambda{self.decay:g}" if self.decay else ""
        return f"eta{self.eta:g}-alpha{self.alpha:g}-batch{self.batch}{decay}"

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"eta {self.eta:g}, alpha {self.alpha:g}, B {self.batch}"

    @property
    def rescaled(self) -> float:
        """eta / ((1 - alpha) B): what an epoch is in rescaled time."""
        return rescaled(self.eta, self.alpha, self.batch)

    def run(self, asked: Asked, train: Dataset, test: Dataset) -> Trajectory:
        """Train it, or go on with it below `asked.out`; RunError where the folder holds another run."""
        out = None if asked.out is None else asked.out / self.name
        trainer = self._trainer(asked, out)
        history = History()

        def told(event: Event) -> None:
            history(event)
            if isinstance(event, EpochEnded):
                J = history.j_squared(HIDDEN)[-1]
                asked.tell(f"{self.name}: epoch {event.epoch}, J^2 {J:.4f}, test accuracy {event.accuracy:.2%}")
                if self.to_edge and J >= EDGE:
                    trainer.stop()

        if not self._ended(out):
            trainer.fit(as_floats(train), self.epochs, out=out, callbacks=[told], test=as_floats(test), dynamics=True)
        epochs = trainer.progress.history
        kept = history if out is None else read_dynamics(out)
        accuracies = tuple(one.accuracy for one in epochs if one.accuracy is not None)
        seconds = sum(one.seconds for one in epochs)
        return Trajectory(tuple(kept.j_squared(HIDDEN).tolist()), accuracies, seconds)

    def _ended(self, out: Path | None) -> bool:
        """Whether a run that is kept has come to the edge, or to its last epoch."""
        if out is None or not RunFolder(out).holds_run:
            return False
        past = RunFolder(out).read()[0].progress.epoch
        return past > 0 and (past >= self.epochs or (self.to_edge and read_dynamics(out).j_squared(HIDDEN)[-1] >= EDGE))

    def _trainer(self, asked: Asked, out: Path | None) -> Trainer:
        optimizer = SGD(self.eta, self.alpha, weight_decay=2.0 * self.decay)
        new = Trainer(tanh_network(), "standard", optimizer, self.batch, SEED, asked.threads)
        return kept_or_new(new, out, asked.threads)
