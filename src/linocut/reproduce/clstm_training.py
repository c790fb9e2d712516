"""Trainings of LSTMs in circulant blocks on spoken digits, and what they come to in floats and in 16 bits."""

from __future__ import annotations

from dataclasses import dataclass

from linocut import data
from linocut.data.dataset import Dataset, evenly, some_floats
from linocut.data.subset import Subset
from linocut.graph.inference import InferenceGraph
from linocut.graph.network import Network
from linocut.graph.q10 import CALIBRATED, sixteen_bits
from linocut.networks.lstm import lstm
from linocut.optimizers import Adam
from linocut.reproduce.asked import Asked
from linocut.run.headline import headline
from linocut.run.predict import Predictor
from linocut.train import EpochEnded, Trainer
from linocut.train.events import Event
from linocut.train.kept_run import kept_or_new

POLICY, SCHEDULE, NOISE = "standard", "cosine", "noise=0.3"
LEFT_OUT_BLOCKS = (1, 8)
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")  # of the Free Spoken Digit Dataset


@dataclass(frozen=True)
class Task:
    """Data, and how a network is trained on it: `quick` are as many examples as a short training takes.

    The data are those that are left when the recordings of a `speaker` are for testing.
    """

    data: str
    batch: int
    rate: float
    clip: float
    epochs: int
    seeds: tuple[int, ...]
    quick: int
    speaker: str | None = None

    @property
    def settings(self) -> str:
        """As `linocut train` takes them."""
        clip = f" --clip-norm {self.clip:g}" if self.clip else ""
        how = f"--policy {POLICY} --batch {self.batch} --lr {self.rate:g} --schedule {SCHEDULE}{clip}"
        speaker = "" if self.speaker is None else f" --test-speaker {self.speaker}"
        return f"--model lstm --data {self.data}{speaker} {how} --augment {NOISE}"


DIGITS = Task("fsdd", 64, 2e-3, 0.0, 12, (0, 1, 2), 1280)
STRINGS = Task("fsdd-strings", 16, 5e-3, 1.0, 8, (0, 1, 2), 64)


@dataclass(frozen=True)
class Came:
    """What a training came to, in percent: of digits right answers, of strings phone errors; and in 16 bits."""

    floats: float
    sixteen: float
    seconds: float


@dataclass(frozen=True)
class SpeechTraining:
    """A network in blocks of one size, from a seed."""

    task: Task
    block: int
    seed: int
    epochs: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        speaker = "" if self.task.speaker is None else f"-without-{self.task.speaker}"
        return f"{self.task.data}{speaker}-block{self.block}-seed{self.seed}"

    @property
    def command(self) -> str:
        """What trains it."""
        more = f"--block {self.block} --epochs {self.epochs} --seed {self.seed}"
        return f"linocut train {self.task.settings} {more} --out RUN; linocut sixteen-bits RUN --out MODEL"

    def run(self, asked: Asked, train: Dataset, test: Dataset) -> Came:
        """Train it, or go on with it below `asked.out`; RunError where the folder holds another run."""
        out = None if asked.out is None else asked.out / self.name
        trainer = kept_or_new(self._trainer(train, asked.threads), out, asked.threads)

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                asked.tell(f"{self.name}: epoch {event.epoch}/{self.epochs}, loss {event.loss:.4f}")

        if trainer.progress.epoch < self.epochs:
            trainer.fit(train, self.epochs, out=out, callbacks=[told])
        graph = trainer.inference_graph()
        made = sixteen_bits(graph, some_floats(train, CALIBRATED)).graph
        floats, sixteen = (_measured(one, test, asked.threads) for one in (graph, made))
        return Came(floats, sixteen, sum(one.seconds for one in trainer.progress.history))

    def _trainer(self, train: Dataset, threads: int | None) -> Trainer:
        task = self.task
        adam = Adam(task.rate, clip_norm=task.clip)
        network = self._network(train)
        return Trainer(network, POLICY, adam, task.batch, self.seed, threads, SCHEDULE, augment=NOISE)

    def _network(self, train: Dataset) -> Network:
        if train.targets:
            return lstm(train.shape, len(train.classes) + 1, block=self.block, labels=train.targets)
        return lstm(train.shape, len(train.classes), block=self.block)


def opened(task: Task, asked: Asked) -> tuple[Dataset, Dataset]:
    """The training and the test data, some of them where little is asked for; DataError where they are not there."""
    train, test = data.load(task.data, asked.data_dir, test_speaker=task.speaker)
    return (_few(train, task), _few(test, task)) if asked.quick else (train, test)


def _few(dataset: Dataset, task: Task) -> Dataset:
    return Subset(dataset, evenly(len(dataset), task.quick))


def _measured(graph: InferenceGraph, test: Dataset, threads: int | None) -> float:
    """Percent of right answers, or of phone errors."""
    predictor = Predictor(graph, test.classes, batch_size=64, threads=threads, form=test.form)
    return 100 * headline(predictor, test).value
