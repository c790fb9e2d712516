"""What the next steps of a run are: their batches and their learning rates."""

from __future__ import annotations

from linocut.data.augment import Augmenter
from linocut.data.batches import Batches, epoch_order
from linocut.data.dataset import Dataset
from linocut.schedules import Position
from linocut.train.progress import Progress
from linocut.train.settings import Settings


def next_batches(settings: Settings, progress: Progress, dataset: Dataset, end: int) -> Batches:
    """The micro-batches of the epoch that `progress` has come to, from its step on, up to the step `end`."""
    order = epoch_order(settings.seed, progress.epoch, len(dataset))[: end * settings.batch_size]
    what = settings.augmentation
    augmenter = Augmenter(what, dataset, settings.seed, progress.epoch) if what else None
    start = progress.step * (settings.batch_size // settings.micro_batch)
    return Batches(dataset, order, settings.micro_batch, start=start, augmenter=augmenter)


def rate_at(settings: Settings, progress: Progress, step: int, steps: int, epochs: int) -> float:
    """The learning rate of a step of that epoch, of `steps`, in a run of so many epochs."""
    at = Position(progress.epoch * steps + step, epochs * steps, progress.epoch, epochs)
    return settings.schedule.rate(settings.optimizer.learning_rate, at, progress.schedule)
