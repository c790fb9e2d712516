"""checkpoint.safetensors: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from linocut import fields, tensor_file
from linocut.errors import LinocutError, RunError, SpecError, one_line
from linocut.ops.bits import padding_is_zero
from linocut.run import Session
from linocut.tensor_file import TensorFile
from linocut.train.progress import Progress
from linocut.train.settings import DataFacts, Settings

KIND, VERSION = "linocut-checkpoint", 2  # 1 had no checksum


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says, apart from the state itself, which `restore` puts into a session.

    `save_every` is after how many steps of an epoch it is written, None for only after epochs.
    """

    settings: Settings
    data: DataFacts | None
    progress: Progress
    save_every: int | None = None

    def save(self, path: Path, session: Session) -> None:
        """Write it, with the session's persistent buffers as bytes, whole or not at all (else MachineError)."""
        tensors = {buffer.name: session.state_bytes(buffer.name) for buffer in session.program.persistent()}
        description = {
            "settings": self.settings.to_dict(),
            "data": None if self.data is None else dataclasses.asdict(self.data),
            "progress": self.progress.to_dict(),
            "save_every": self.save_every,
        }
        tensor_file.save(path, tensors, KIND, VERSION, description)


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
        checkpoint = Checkpoint(settings, data, Progress.from_dict(about["progress"]), save_every)
        _check_place(checkpoint)
        program = settings.compile().program
    except KeyError as error:
        raise RunError(f"{path} does not describe a run: it lacks {one_line(error)}; it is damaged") from None
    except (LinocutError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise RunError(f"{path} does not describe a run: {one_line(error)}; it is damaged") from None
    for buffer in program.persistent():
        file.check(buffer.name, (buffer.nbytes,), np.uint8)
    return checkpoint, file


def _check_place(checkpoint: Checkpoint) -> None:
    """SpecError for a step that an epoch of this data does not have."""
    data, progress = checkpoint.data, checkpoint.progress
    by_class = checkpoint.settings.network.classes > 0
    if any((ended.train_accuracy is None) == by_class for ended in progress.history):
        raise SpecError("progress history has accuracies of numbers, or none of classes")
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
        if buffer.format == "bit" and not padding_is_zero(session.array(buffer.name), buffer.shape[-1]):
            raise RunError(f"{file.path}: tensor {buffer.name!r} has bits behind its last; it is damaged")
