"""Trainings of ResNet-20 in several precisions on equal terms, and what they come to; each kept in a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from linocut.data.dataset import Dataset
from linocut.errors import RunError
from linocut.graph.network import Network
from linocut.networks.resnet import resnet
from linocut.optimizers import Adam
from linocut.reproduce.asked import Asked
from linocut.train import EpochEnded, Trainer
from linocut.train.events import Event
from linocut.train.kept_run import kept_or_new
from linocut.train.run_folder import RunFolder

BATCH, RATE, POLICY, SCHEDULE, AUGMENT = 100, 1e-3, "lean", "cosine", "shift,flip"
OF_HANDED = "shift"  # of data whose mirrored examples are none of their class, as digits that stand in for CIFAR-10
CHOSEN = ("conv8", "conv9", "conv14", "conv15")  # by the rule of significance, of the authors' counts
# `linocut hybrid --from float-shortcuts-seed0 --budget 105KiB --choices 1,2,4` of CIFAR-10: 12.2 times compression.
WITHIN_105_KIB = {"2": (2, 3, 6, 7, 8, 10, 12, 14, 16, 17, 19), "4": (9, 13, 18)}


@dataclass(frozen=True)
class Variant:
    """ResNet-20 in some precision: `shortcut` and `float_stages` as `resnet` takes them, and layers of other bits.

    `everything` puts all that can be into full precision.
    """

    name: str
    title: str
    shortcut: str
    bits: tuple[tuple[str, str], ...] = ()
    float_stages: tuple[int, ...] = ()
    everything: bool = False

    def network(self, shape: tuple[int, ...], classes: int, depth: int = 20) -> Network:
        """The network for examples of (height, width, channels)."""
        found = resnet(depth, shape, classes, shortcut=self.shortcut, float_stages=self.float_stages)
        changes: Mapping[str, str] = dict(self.bits)
        if self.everything:
            changes = {f"conv{number}": "float" for number in range(2, depth)}
        return found.with_precision(changes)


FULL = Variant("float", "full precision", "float", everything=True)
BINARY = Variant("binary", "binary shortcuts", "binary")
SHORTCUTS = Variant("float-shortcuts", "full-precision shortcuts", "float")
TWO_BITS = Variant(
    "two-bits", "full-precision shortcuts, 2 bits on layers 8, 9, 14, 15", "float", tuple((one, "2") for one in CHOSEN)
)
WITHIN_BUDGET = Variant(
    "within-budget",
    "full-precision shortcuts, 2 and 4 bits as chosen within 105 KiB",
    "float",
    tuple((f"conv{number}", bits) for bits, numbers in WITHIN_105_KIB.items() for number in numbers),
)
LAST_STAGE = Variant("last-stage", "full-precision shortcuts and last stage", "float", float_stages=(3,))
VARIANTS = (BINARY, SHORTCUTS, TWO_BITS, WITHIN_BUDGET, FULL, LAST_STAGE)


@dataclass(frozen=True)
class Curve:
    """Test accuracies (parts of one) and losses in training by epoch, from 1 on, and seconds of all steps."""

    accuracies: tuple[float, ...]
    losses: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Kept:
    """A training that has come to its end: what it came to, its network, and what its data are called."""

    curve: Curve
    network: Network
    data: str

    @staticmethod
    def of(trainer: Trainer) -> Kept:
        """That of a trainer at its end."""
        return Kept(_curve(trainer), trainer.network, "" if trainer.data is None else trainer.data.name)


@dataclass(frozen=True)
class HybridTraining:
    """A variant from a seed: Adam at 1e-3 with a cosine schedule, in batches of 100, under `lean`, augmented."""

    variant: Variant
    epochs: int
    seed: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.variant.name}-seed{self.seed}"

    def run(self, asked: Asked, train: Dataset, test: Dataset) -> Kept:
        """Train it, or go on with it below `asked.out`; RunError where the folder holds another run.

        That is so too of a run that was for other epochs, which is not on equal terms.
        """
        out = None if asked.out is None else asked.out / self.name
        trainer = self._trainer(asked, train, out)
        if trainer.progress.epochs not in (0, self.epochs):
            raise RunError(
                f"{out} holds a run of {trainer.progress.epochs} epochs, not of {self.epochs}; give --epochs "
                f"{trainer.progress.epochs}, or another --out"
            )

        def told(event: Event) -> None:
            if isinstance(event, EpochEnded):
                right = "" if event.accuracy is None else f", test accuracy {event.accuracy:.2%}"
                asked.tell(f"{self.name}: epoch {event.epoch}/{self.epochs}, loss {event.loss:.4f}{right}")

        if trainer.progress.epoch < self.epochs:
            trainer.fit(train, self.epochs, out=out, callbacks=[told], test=test, save_every=100)
        return Kept.of(trainer)

    def kept(self, asked: Asked) -> Kept | None:
        """What a run that is kept has come to, None where there is none that has come to the end of these epochs."""
        out = None if asked.out is None else asked.out / self.name
        if out is None or not RunFolder(out).holds_run:
            return None
        found = Trainer.resume(out, asked.threads)
        return Kept.of(found) if found.progress.epoch == found.progress.epochs == self.epochs else None

    def _trainer(self, asked: Asked, train: Dataset, out: Path | None) -> Trainer:
        network = self.variant.network(train.shape, len(train.classes))
        how = (network, POLICY, Adam(RATE), BATCH, self.seed, asked.threads, SCHEDULE)
        augment = OF_HANDED if train.handed else AUGMENT
        return kept_or_new(Trainer(*how, augment=augment), out, asked.threads)


def _curve(trainer: Trainer) -> Curve:
    epochs = trainer.progress.history
    accuracies = tuple(one.accuracy for one in epochs if one.accuracy is not None)
    return Curve(accuracies, tuple(one.loss for one in epochs), sum(one.seconds for one in epochs))
