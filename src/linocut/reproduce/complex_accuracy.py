"""Complex NIN pruned by structure: test accuracies at several rates, each kind of pruning trained on equal terms.

A network is trained whole; each row goes on from it, pruned, for as many epochs as the row that is not pruned.
Accuracies of arXiv 2108.04811 are not known: it says that twenty times lose next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linocut.data import available, load, take
from linocut.data.dataset import Dataset
from linocut.graph.prune import KINDS
from linocut.networks.nin import complex_nin
from linocut.optimizers import Adam
from linocut.reproduce.asked import Asked
from linocut.reproduce.row import MEASURED, Row
from linocut.train import EpochEnded, Trainer, prune
from linocut.train.events import Event
from linocut.train.kept_run import kept_or_new

COMMAND = "linocut reproduce complex"
TABLE = "test accuracy of complex NIN, pruned and trained on, now"
DATA, STAND_IN = "cifar10", "digits"
POLICY, BATCH, RATE, SCHEDULE, AUGMENT, SEED = "lean", 50, 1e-3, "cosine", "shift,flip", 0
RATES, QUICK_RATES = (4.0, 10.0, 20.0), (20.0,)
EPOCHS, QUICK_EPOCHS, QUICK_EXAMPLES = 40, 1, 500
CLAIMED = "negligible loss at 20 times"


@dataclass(frozen=True)
class Terms:
    """On how many examples (None: all), for how many epochs networks are trained whole, and for how many again on."""

    examples: int | None
    epochs: int
    again: int

    @staticmethod
    def of(asked: Asked) -> Terms:
        """Those of a quick run, or of a whole one."""
        usual = QUICK_EPOCHS if asked.quick else EPOCHS
        epochs = asked.epochs or usual
        return Terms(QUICK_EXAMPLES if asked.quick else None, epochs, epochs)


def rows(asked: Asked) -> Iterator[Row]:
    """The rows, each as soon as it is trained; runs are kept below `asked.out`, where they go on."""
    terms = Terms.of(asked)
    here = {entry.name for entry in available(asked.data_dir) if entry.found is not None}
    data = DATA if DATA in here else STAND_IN
    if data != DATA:
        asked.tell(f"{DATA} is not on this machine, so digits stand in for it: linocut data get {DATA}")
    train, test = (take(one, terms.examples) for one in load(data, asked.data_dir))
    yield from rows_of(asked, terms, data, train, test)


def rows_of(asked: Asked, terms: Terms, data: str, train: Dataset, test: Dataset) -> Iterator[Row]:
    """The rows of these examples, which are called `data`."""
    training = _Training(asked, terms, data, train, test)
    whole = training.whole()
    yield training.row("whole", whole, terms.epochs)
    yield training.row("1 time, trained on", training.pruned(whole, None), terms.again)
    for rate in QUICK_RATES if asked.quick else RATES:
        for by in KINDS:
            yield training.row(f"{rate:g} times by {by}, trained on", training.pruned(whole, (rate, by)), terms.again)


@dataclass(frozen=True)
class _Training:
    asked: Asked
    terms: Terms
    data: str
    train: Dataset
    test: Dataset

    def whole(self) -> Trainer:
        """The network, trained whole."""
        network = complex_nin(self.train.shape, len(self.train.classes), pool="mean", rotate=False)
        new = Trainer(network, POLICY, Adam(RATE), BATCH, SEED, self.asked.threads, SCHEDULE, augment=AUGMENT)
        return self._trained("whole", new, self.terms.epochs)

    def pruned(self, whole: Trainer, how: tuple[float, str] | None) -> Trainer:
        """Trained on from the whole one, pruned or as it is."""
        if how is None:
            new = Trainer.from_settings(whole.settings, self.asked.threads)
            new.start_from(whole)
            return self._trained("on", new, self.terms.again)
        rate, by = how
        new = prune(whole, rate, by, threads=self.asked.threads)
        return self._trained(f"{by}-{rate:g}", new, self.terms.again)

    def row(self, title: str, trainer: Trainer, epochs: int) -> Row:
        """What a training came to."""
        ended = trainer.progress.history[-1]
        assert ended.accuracy is not None  # there are test data, and classes
        seconds = sum(epoch.seconds for epoch in trainer.progress.history)
        on = f"{self.data}, {len(self.train):,} examples, {epochs} epochs"
        claimed = CLAIMED if title.startswith("20 ") else None
        what = f"{title} ({on})"
        return Row(TABLE, what, None, 100 * ended.accuracy, "%", MEASURED, self.command, None, claimed, seconds)

    @property
    def command(self) -> str:
        """What gives the rows again."""
        epochs = f" --epochs {self.asked.epochs}" if self.asked.epochs else ""
        return f"{COMMAND}{' --quick' * self.asked.quick}{epochs}"

    def _trained(self, name: str, new: Trainer, epochs: int) -> Trainer:
        out: Path | None = None if self.asked.out is None else self.asked.out / name
        trainer = kept_or_new(new, out, self.asked.threads)

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                right = "" if event.accuracy is None else f", test accuracy {event.accuracy:.2%}"
                self.asked.tell(f"{name}: epoch {event.epoch}/{epochs}, loss {event.loss:.4f}{right}")

        trainer.fit(self.train, epochs, out=out, callbacks=[told], test=self.test)
        return trainer
