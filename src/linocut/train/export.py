"""Export: the next steps of a training, for a device that takes them without Python (`linocut-runner`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.data.dataset import Dataset
from linocut.data.held_out import hold_out
from linocut.errors import SpecError
from linocut.files import replacing
from linocut.run.feed import Feed, as_dataset
from linocut.run.session import METRICS
from linocut.run.standalone import write_feeds, write_program
from linocut.settings_of import as_plain
from linocut.train.trainer import Trainer
from linocut.train.upcoming import next_batches, rate_at

if TYPE_CHECKING:
    from linocut.run.feed import Examples

RATES = "rates.bin"


def export_steps(trainer: Trainer, examples: Examples, folder: str | os.PathLike[str], steps: int | None = None) -> int:
    """Write what `fit` would do next: program, state, the batches of so many steps, and their learning rates.

    `examples` are those that `fit` is given: where it holds a part of them out, so does this. By default all steps that
    are left of the epoch that the trainer has come to, which are the most. Returns how often the program is to be run.
    Files: program.bin, state.bin, input.bin, labels.bin, rates.bin. The trainer stays where
    it is; `linocut.run.standalone.read_state` brings the state back that the device came to. DataError, SpecError,
    MachineError; RunError while the trainer is in use.
    """
    with trainer.using("export_steps"):
        dataset = as_dataset(examples, trainer.network.graph)
        validation = trainer.choosing.validation
        if validation is not None and validation.fraction is not None:
            dataset, _ = hold_out(dataset, validation.fraction, trainer.settings.seed)
        trainer.bound_batch(len(dataset))
        return _exported(trainer, dataset, folder, steps)


def _exported(trainer: Trainer, dataset: Dataset, folder: str | os.PathLike[str], steps: int | None) -> int:
    settings, at = trainer.settings, trainer.progress
    left = len(dataset) // settings.batch_size - at.step
    wanted = left if steps is None else as_plain(steps)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= left:
        raise SpecError(f"steps is {wanted!r}, must be 1 to {left}, which are left of the epoch")
    for name in METRICS if at.step == 0 else ():
        trainer.session.array(name)[...] = 0  # as an epoch begins
    write_program(trainer.session, folder)
    runs = write_feeds(trainer.session, folder, _runs(trainer, dataset, wanted))
    with replacing(Path(folder) / RATES) as file:
        file.write(np.repeat(_rates(trainer, dataset, wanted), runs // wanted).tobytes())
    return runs


def _runs(trainer: Trainer, dataset: Dataset, steps: int) -> Iterator[dict[str, Any]]:
    """The batches, checked as in training, as they then stand in the arena."""
    settings, at, session = trainer.settings, trainer.progress, trainer.session
    feed = Feed(session, trainer.network.graph, coded=settings.policy.integer)
    with next_batches(settings, at, dataset, at.step + steps) as batches:
        for images, labels in batches:
            feed.put(images, labels)
            yield {name: session.array(name) for name in ("input", "labels")}


def _rates(trainer: Trainer, dataset: Dataset, steps: int) -> list[float]:
    settings, at = trainer.settings, trainer.progress
    whole, epochs = len(dataset) // settings.batch_size, max(at.epochs, at.epoch + 1)
    return [rate_at(settings, at, step, whole, epochs) for step in range(at.step, at.step + steps)]
