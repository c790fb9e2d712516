"""subject: what is tuned, and the examples that are held out to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linocut.data import hold_out
from linocut.data.augmentation import Augmentation
from linocut.data.dataset import Dataset
from linocut.data.labels import truth_of
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

    @cached_property
    def chance(self) -> float | None:
        """The accuracy of who always gives the most frequent answer; None of a regression."""
        if not self.network.graph.classes:
            return None
        _, counts = np.unique(truth_of(self.held), axis=0, return_counts=True)
        return int(counts.max()) / len(self.held)


def held_out(train: Dataset, batch: int, seed: int) -> tuple[Dataset, Dataset]:
    """What is left to train on, and what is held out; DataError for data too few for a range test."""
    part = min(PART, MOST_HELD / max(1, len(train)))
    least, fits = -(-LEAST_HELD // PART), int((1.0 - PART) * len(train) / LEAST_STEPS)
    needed = max(least, -(-LEAST_STEPS * batch // (1.0 - PART)))
    if len(train) < needed:
        smaller = f", or a batch of {fits:,} at most" if len(train) >= least else f", {least:,.0f} at the very least"
        raise DataError(
            f"{train.name} has {len(train):,} examples, a range test needs {needed:,.0f}: {LEAST_STEPS} batches of "
            f"{batch:,}, and {PART:.0%} of all, {LEAST_HELD} at least, to judge by; give more data{smaller}"
        )
    return hold_out(train, part, seed)
