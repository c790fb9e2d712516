"""Packing: all that `linocut-runner` needs to train a run on a device, in one folder; `unpack` brings the run home.

The folder has program.bin and checkpoint.bin, the examples as raw records (images.bin, labels.bin, test-images.bin,
test-labels.bin), and run/, the run folder as it was packed. The device adds log.jsonl, a line for each epoch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.batches import Batches
from linocut.data.dataset import Dataset
from linocut.errors import RunError, SpecError
from linocut.files import make_folder, replacing
from linocut.layers.input import F32_MAX
from linocut.run.feed import Feed, as_dataset, check_range, check_sequences, input_bounds
from linocut.run.session import METRICS
from linocut.run.standalone import PROGRAM, write_program_alone
from linocut.train import device_checkpoint
from linocut.train.data_facts import DataFacts
from linocut.train.device_checkpoint import DeviceTraining
from linocut.train.trainer import Trainer

if TYPE_CHECKING:
    from linocut.run.feed import Examples

RUN, LOG = "run", "log.jsonl"
PREFIXES, EXAMPLES = ("", "test-"), ("images.bin", "labels.bin")


def pack(
    trainer: Trainer,
    train: Examples | None,
    folder: str | os.PathLike[str],
    *,
    test: Examples | None = None,
    epochs: int | None = None,
    save_every: int | None = None,
    with_data: bool = True,
) -> Path:
    """Write all that a device needs to do what `fit(train, epochs, test=test)` would, to the same bits; its folder.

    `linocut-runner FOLDER` trains there, and `unpack` brings the run home. `epochs` are those in all, by default those
    that the run was planned with; a checkpoint is kept after each of them, and after every `save_every` steps.
    Without `with_data` the examples stay here: the device has its own; of a run that was trained before `train` may
    then be None. SpecError for what the runner does not do: augmentation, precise norms, validation; RunError where all
    epochs are done, where there are no examples, and for a folder that holds a packed run.
    """
    path, at = Path(folder), trainer.progress
    _check_able(trainer)
    _check_free(path, with_data)
    planned = at.epochs if epochs is None else epochs
    if at.epoch >= planned:
        raise RunError(
            f"the run is at {at}: nothing is left to do; give more epochs (epochs={at.epoch + 10}, --epochs)"
        )
    if train is None and (with_data or trainer.data is None):
        raise RunError(
            "there are no examples to pack; give those to train on, or with_data=False to a run that had some"
        )
    graph, coded = trainer.network.graph, trainer.settings.policy.integer
    datasets = [as_dataset(one, graph) for one in (train, test) if one is not None]
    for dataset in datasets:
        check_range(dataset, graph, coded=coded)
        check_sequences(dataset, graph)
    with trainer.using("pack"):
        if train is None:
            trainer.check_epochs(planned)
        else:
            trainer.bound_batch(len(datasets[0]))
            trainer.check(trainer.settings, datasets[0], planned)
            trainer.data = DataFacts.of(datasets[0])
        at.epochs = planned
        trainer.save_every = save_every or trainer.save_every
    kept, new = trainer.folder, not path.exists()
    try:
        trainer.save(path / RUN)
        with trainer.using("pack"):
            _write(trainer, datasets if with_data else [], path)
    except BaseException:
        _remove(path, with_data, new)
        raise
    finally:
        trainer.folder = kept
    return path


def _files(with_data: bool) -> list[str]:
    """The names of all that may be in a packed folder beside the run, the device's log with it."""
    examples = [prefix + name for prefix in PREFIXES for name in EXAMPLES]
    return [device_checkpoint.NAME, PROGRAM, LOG, *(examples if with_data else [])]


def _check_free(path: Path, with_data: bool) -> None:
    """RunError for a folder that holds a packed run, or a file that would be written over."""
    if os.path.lexists(path / device_checkpoint.NAME) or os.path.lexists(path / RUN):
        raise RunError(f"{path} holds a packed run already; unpack it, or give another folder")
    for name in _files(with_data):
        if os.path.lexists(path / name):
            raise RunError(f"{path} holds {name} already, which would be written over; give another folder")


def _remove(path: Path, with_data: bool, new: bool) -> None:
    """What was written of a folder that could not be packed."""
    shutil.rmtree(path / RUN, ignore_errors=True)
    for name in _files(with_data):
        with suppress(OSError):
            (path / name).unlink(missing_ok=True)
    if new:
        with suppress(OSError):
            path.rmdir()


def _check_able(trainer: Trainer) -> None:
    """SpecError for a run that the runner could not go on with to the same bits."""
    if trainer.settings.augmentation:
        raise SpecError(
            f"the run has augmentation {trainer.settings.augmentation}, which linocut-runner does not do; begin one "
            "without, or write its steps with export_steps"
        )
    if trainer.settings.precise_norms:
        raise SpecError(
            "the run finds statistics of batch norms anew after each epoch (precise norms), which linocut-runner "
            "does not do; begin one without"
        )
    pruning = trainer.settings.pruning
    if pruning is not None and (trainer.progress.epoch, trainer.progress.step > 0) <= (pruning.ramp, False):
        raise SpecError(
            f"the run is pruned {pruning}, and finds masks anew as epochs begin up to number {pruning.ramp + 1}, which "
            "linocut-runner does not do; train it beyond that first"
        )
    if trainer.choosing.validation is not None:
        raise SpecError(
            f"the run is validated on {trainer.choosing.validation}, which linocut-runner does not do; begin one "
            "without validation"
        )


def _write(trainer: Trainer, datasets: list[Dataset], path: Path) -> None:
    """The files that the device reads, the checkpoint last."""
    make_folder(path)
    session, at = trainer.session, trainer.progress
    if at.step == 0:
        for name in METRICS:
            session.array(name)[...] = 0  # as an epoch begins
    write_program_alone(session.program, path)
    for prefix, dataset in zip(PREFIXES, datasets, strict=False):
        _write_examples(trainer, dataset, [path / f"{prefix}{name}" for name in EXAMPLES])
    device_checkpoint.write(_training(trainer), session, path)


def _write_examples(trainer: Trainer, dataset: Dataset, paths: list[Path]) -> None:
    with replacing(paths[0]) as images, replacing(paths[1]) as labels:
        for image, label in _records(trainer, dataset):
            images.write(image)
            labels.write(label)


def _records(trainer: Trainer, dataset: Dataset) -> Iterator[tuple[bytes, bytes]]:
    """The examples in order, as they stand in the arena; checked as in training."""
    session = trainer.session
    feed = Feed(session, trainer.network.graph, coded=trainer.settings.policy.integer)
    batch = session.program.buffer("labels").shape[0]
    with Batches(dataset, np.arange(len(dataset), dtype=np.int64), batch, pad=True) as batches:
        for number, (images, labels) in enumerate(batches):
            rows = min(batch, len(dataset) - number * batch)
            feed.put(images, labels)
            yield session.array("input")[:rows].tobytes(), session.array("labels")[:rows].tobytes()


def _training(trainer: Trainer) -> DeviceTraining:
    settings, at, graph = trainer.settings, trainer.progress, trainer.network.graph
    bounds = input_bounds(graph.input.dtype, graph.input.low, graph.input.high, coded=settings.policy.integer)
    low, high = bounds or (-F32_MAX, F32_MAX)
    assert trainer.data is not None
    return DeviceTraining(
        schedule=settings.schedule,
        learning_rate=settings.optimizer.learning_rate,
        seed=settings.seed,
        batch=settings.batch_size,
        examples=trainer.data.examples,
        epochs=at.epochs,
        save_every=trainer.save_every,
        classes=graph.classes,
        binary_weights=sum(node.cost.binary_parameters for node in graph.nodes),
        low=low,
        high=high,
        epoch=at.epoch,
        step=at.step,
        past=at.schedule,
        seconds=at.seconds,
    )
