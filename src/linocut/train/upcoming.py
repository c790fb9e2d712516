"""What the next steps of a run are: their batches and their learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linocut.data.augment import Augmenter
from linocut.data.batches import Batches, epoch_order
from linocut.data.dataset import Dataset
from linocut.schedules import Position
from linocut.train.progress import Progress
from linocut.train.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray


def next_batches(settings: Settings, progress: Progress, dataset: Dataset, end: int) -> Batches:
    """The micro-batches of the epoch that `progress` has come to, from its step on, up to the step `end`."""
    order = epoch_order(settings.seed, progress.epoch, len(dataset))[: end * settings.batch_size]
    if dataset.lengths is not None:
        order = by_length(order, dataset.lengths, settings.batch_size)
    what = settings.augmentation
    augmenter = Augmenter(what, dataset, settings.seed, progress.epoch) if what else None
    start = progress.step * (settings.batch_size // settings.micro_batch)
    return Batches(dataset, order, settings.micro_batch, start=start, augmenter=augmenter)


def by_length(order: NDArray[np.int64], lengths: NDArray[np.int64], batch: int) -> NDArray[np.int64]:
    """The order (n,) with the examples of each step by their lengths, the longest first.

    So those that go together, as micro-batches and in a kernel, end at about the same time.
    """
    parts = (order[begin : begin + batch] for begin in range(0, len(order), batch))
    return np.concatenate([part[np.argsort(-lengths[part], kind="stable")] for part in parts])


def rate_at(settings: Settings, progress: Progress, step: int, steps: int, epochs: int) -> float:
    """The learning rate of a step of that epoch, of `steps`, in a run of so many epochs."""
    at = Position(progress.epoch * steps + step, epochs * steps, progress.epoch, epochs)
    return settings.schedule.rate(settings.optimizer.learning_rate, at, progress.schedule)
