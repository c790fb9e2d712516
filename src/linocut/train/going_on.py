"""What a run can go on with: examples and a number of epochs."""

from __future__ import annotations

from linocut.data.dataset import Dataset
from linocut.errors import DataError, RunError
from linocut.run.alike import check_names
from linocut.train.data_facts import DataFacts
from linocut.train.progress import Progress
from linocut.train.settings import Settings


def check_examples(
    settings: Settings, progress: Progress, data: DataFacts | None, classes: tuple[str, ...], dataset: Dataset
) -> None:
    """DataError for a data set that a run at `progress`, of such `data` or none yet, cannot go on with.

    `classes` are those that its network begins with, as far as they are known.
    """
    check_batch(settings.batch_size, dataset)
    settings.augmentation.check_dataset(dataset)
    if not progress.begun:
        check_names(dataset, settings.network.name, classes, "give start_from of a new Trainer the data's classes")
    elif data is not None:
        data.check_same(DataFacts.of(dataset))


def check_batch(batch: int, dataset: Dataset) -> None:
    """DataError for a batch of more examples than there are."""
    if batch > len(dataset):
        raise DataError(
            f"batch size is {batch:,}, but {dataset.name} has {len(dataset):,} examples; "
            f"give a batch of 1 to {len(dataset):,}"
        )


def check_epochs(settings: Settings, progress: Progress, epochs: int) -> None:
    """RunError for a number of epochs that a run, which has begun, cannot go on to."""
    if epochs < progress.epoch + (progress.step > 0):
        raise RunError(f"epochs is {epochs}, but the run is at {progress}; give more epochs")
    if settings.schedule.fixed_length and epochs != progress.epochs:
        raise RunError(
            f"epochs is {epochs}, but the run's {settings.schedule.kind} schedule was laid out for "
            f"{progress.epochs}; resume it with {progress.epochs} epochs, or begin another run"
        )
