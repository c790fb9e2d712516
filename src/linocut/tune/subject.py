"""subject: what is tuned, and the examples that are held out to judge by."""

from __future__ import annotations

from dataclasses import dataclass

from linocut.data import hold_out
from linocut.data.augmentation import Augmentation
from linocut.data.dataset import Dataset
from linocut.errors import DataError
from linocut.graph.network import Network
from linocut.policies import Policy
from linocut.tune.regime import Regime

PART, MOST_HELD, LEAST_HELD = 0.2, 5000, 50
LEAST_STEPS = 10  # of a range test, and of an epoch of what is not held out


@dataclass(frozen=True)
class Subject:
    """A network on its data: `left` of `train` is trained on, `held` judged by; `epochs` are those of the real run."""

    network: Network
    policy: Policy
    train: Dataset
    left: Dataset
    held: Dataset
    epochs: int
    regime: Regime
    seed: int
    threads: int | None
    backend: str
    augmentation: Augmentation

    @property
    def examples(self) -> int:
        """Of the real run, in all its epochs."""
        return self.epochs * len(self.train)

    @property
    def chance(self) -> float | None:
        """The accuracy of who guesses; None of a regression."""
        return 1.0 / self.network.graph.classes if self.network.graph.classes else None


def held_out(train: Dataset, batch: int, seed: int) -> tuple[Dataset, Dataset]:
    """What is left to train on, and what is held out; DataError for data too few for a range test."""
    part = min(PART, MOST_HELD / max(1, len(train)))
    needed = max(-(-LEAST_HELD // PART), -(-LEAST_STEPS * batch // (1.0 - PART)))
    if len(train) < needed:
        raise DataError(
            f"{train.name} has {len(train):,} examples, a range test needs {needed:,.0f}: {LEAST_STEPS} batches of "
            f"{batch:,}, and {PART:.0%} of all, {LEAST_HELD} at least, to judge by; give more data, or a smaller batch"
        )
    return hold_out(train, part, seed)
