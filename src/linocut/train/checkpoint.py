"""checkpoint.safetensors: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut import fields, tensor_file
from linocut.errors import LinocutError, RunError, SpecError, one_line
from linocut.ops.bits import padding_is_zero
from linocut.run import Session
from linocut.tensor_file import TensorFile
from linocut.train.choosing import Choosing
from linocut.train.data_facts import DataFacts
from linocut.train.progress import Progress
from linocut.train.run_log import Mark, epoch_of
from linocut.train.settings import Settings

if TYPE_CHECKING:
    from linocut.train.events import EpochEnded

KIND, VERSION = "linocut-checkpoint", 4  # 1 had no checksum, 1 and 2 held the history, 1 to 3 knew no validation
LOGGED = 3  # the first version whose history is in the log
CHOOSING = 4  # the first version that says how a run is validated


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says, apart from the state itself, which `restore` puts into a session.

    `save_every` is after how many steps of an epoch it is written, None for only after epochs. `log` is how far the log
    beside it tells of this run, None in a file of an older version, which holds the history itself. `choosing` is what
    validation decides, `source` the trained network that the run began from, None for none.
    """

    settings: Settings
    data: DataFacts | None
    progress: Progress
    save_every: int | None = None
    log: Mark | None = None
    choosing: Choosing = field(default_factory=Choosing)
    source: str | None = None

    def save(self, path: Path, session: Session) -> None:
        """Write it, with the session's persistent buffers as bytes, whole or not at all (else MachineError)."""
        tensors = {buffer.name: session.state_bytes(buffer.name) for buffer in session.program.persistent()}
        description = {
            "settings": self.settings.to_dict(),
            "data": None if self.data is None else self.data.to_dict(),
            "progress": self.progress.to_dict(),
            "save_every": self.save_every,
            "choosing": self.choosing.to_dict(),
            "source": self.source,
            "log": dataclasses.asdict(self.log or Mark()),
        }
        tensor_file.save(path, tensors, KIND, VERSION, description)

    def recall(self, history: list[EpochEnded]) -> None:
        """Give the progress the latest epochs; SpecError for what cannot be those of this run."""
        by_class, last = self.settings.network.classes > 0, self.progress.epoch
        if any((ended.train_accuracy is None) == by_class for ended in history):
            raise SpecError("the history has accuracies of numbers, or none of classes")
        if history and history[-1].epoch != last:
            raise SpecError(f"the history ends with epoch {history[-1].epoch}, but progress epoch is {last}")
        self.progress.history = history


def read(path: Path) -> tuple[Checkpoint, TensorFile]:
    """What a checkpoint says, and the file for `restore`; RunError with the reason for a damaged or foreign one.

    Its tensors are known to fit the run that it describes by then, though none is loaded.
    """
    file = TensorFile(path, KIND, VERSION)
    about = file.description
    try:
        settings = Settings.from_dict(about["settings"])
        data = None if about["data"] is None else DataFacts.from_dict(about["data"])
        save_every = about.get("save_every")  # older ones do not say
        if save_every is not None:
            fields.whole(save_every, "save_every", 1)
        history = _own_history(about["progress"]) if file.version < LOGGED else None
        log = Mark.from_dict(about["log"]) if history is None else None
        choosing = Choosing.from_dict(about["choosing"]) if file.version >= CHOOSING else Choosing()
        source = about.get("source")
        if source is not None:
            fields.text(source, "source")
        progress = Progress.from_dict(about["progress"])
        checkpoint = Checkpoint(settings, data, progress, save_every, log, choosing, source)
        _check_place(checkpoint)
        if history is not None:
            _check_own(history, checkpoint.progress.epoch)
            checkpoint.recall(history)
        program = settings.compile().program
    except KeyError as error:
        raise RunError(f"{path} does not describe a run: it lacks {one_line(error)}; it is damaged") from None
    except (LinocutError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise RunError(f"{path} does not describe a run: {one_line(error)}; it is damaged") from None
    for buffer in program.persistent():
        file.check(buffer.name, (buffer.nbytes,), np.uint8)
    return checkpoint, file


def _own_history(progress: object) -> list[EpochEnded]:
    """What a file of an older version holds itself, taken out of its progress."""
    entries = fields.entries(fields.mapping(progress, "progress").pop("history"), "history")
    return [epoch_of(entry, f"history entry {at}") for at, entry in enumerate(entries, 1)]


def _check_own(history: list[EpochEnded], epoch: int) -> None:
    """SpecError unless it is of each epoch."""
    if len(history) != epoch:
        raise SpecError(f"history has {len(history)} entries, but progress epoch is {epoch}")
    for at, ended in enumerate(history, 1):
        if ended.epoch != at:
            raise SpecError(f"history entry {at} is of epoch {ended.epoch}")


def _check_place(checkpoint: Checkpoint) -> None:
    """SpecError for a step that an epoch of this data does not have."""
    data, progress = checkpoint.data, checkpoint.progress
    if data is None:
        if progress.begun:
            raise SpecError(f"progress is at {progress}, but there is no data")
        return
    steps = data.examples // checkpoint.settings.batch_size
    if progress.step > steps:
        raise SpecError(f"progress step is {progress.step}, but an epoch has {steps} steps")


def restore(file: TensorFile, session: Session) -> None:
    """Fill the persistent buffers straight from the file; RunError where it does not hold them."""
    for buffer in session.program.persistent():
        file.read_into(buffer.name, session.state_bytes(buffer.name))
        if buffer.form.is_bits and not padding_is_zero(session.array(buffer.name), buffer.shape[-1]):
            raise RunError(f"{file.path}: tensor {buffer.name!r} has bits behind its last; it is damaged")
