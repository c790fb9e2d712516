"""Unpacking: what a device came to, as the run folder that `fit` would have left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from linocut import fields
from linocut.data.dataset import DEVICE
from linocut.errors import MachineError, RunError, SpecError, one_line
from linocut.files import open_plain
from linocut.json_text import parsed
from linocut.train import device_checkpoint
from linocut.train.device_checkpoint import DeviceTraining
from linocut.train.events import EpochEnded
from linocut.train.packing import LOG, RUN
from linocut.train.progress import Progress
from linocut.train.run_folder import RunFolder
from linocut.train.run_log import MOST_LINE, epoch_of
from linocut.train.settings import Settings
from linocut.train.trainer import Trainer


def unpack(folder: str | os.PathLike[str], out: str | os.PathLike[str]) -> Trainer:
    """Write what a device came to into the run folder `out`, as `fit` would have; the trainer, to go on with.

    `folder` is that of `pack`, after `linocut-runner` trained in it. `out` is a new folder, or that of the run that was
    packed, if nothing trained it since. RunError for a folder that is none of `pack`'s, or damaged, and for another run
    in `out`; MachineError where the disk will not.
    """
    path = Path(folder)
    if Path(out).resolve().is_relative_to(path.resolve()):
        raise RunError(f"{out} is in the packed folder {path}, which would be mixed up; give another folder")
    for name in (RUN, device_checkpoint.NAME):
        if not os.path.exists(path / name):
            raise RunError(f"{path} holds no packed run: it has no {name}; give the folder that linocut pack wrote")
    packed = Trainer.resume(path / RUN)
    target = _own(Path(out), packed) or packed
    found = device_checkpoint.read(target.session, path)
    target.settings = _settings(packed, found, path)
    target.data = packed.data
    if target.data is not None and (found.own_data or found.examples != target.data.examples):
        target.data = replace(target.data, name=DEVICE, examples=found.examples, content=None)
    target.progress = _progress(target.progress, found, path)
    if target is packed:
        target.folder = None
    target.save(out)
    return target


def _own(out: Path, packed: Trainer) -> Trainer | None:
    """The trainer of the run in `out`, None where there is none; RunError unless it is the one that was packed."""
    if not RunFolder(out).holds_run:
        return None
    own = Trainer.resume(out)
    if own.settings != packed.settings or own.session.state_sha256() != packed.session.state_sha256():
        raise RunError(
            f"{out} holds a run at {own.progress}, which is not as it was when it was packed, at {packed.progress}; "
            "give another folder"
        )
    return own


def _settings(packed: Trainer, found: DeviceTraining, path: Path) -> Settings:
    """The run's, with what the device was told before its first step; RunError for others of a run that had begun."""
    own = packed.settings
    optimizer = replace(own.optimizer, learning_rate=found.learning_rate)
    settings = replace(own, optimizer=optimizer, schedule=found.schedule, seed=found.seed)
    at, now = packed.progress, (found.epoch, found.step)
    if found.batch != own.batch_size or now < (at.epoch, at.step) or (at.begun and settings != own):
        raise RunError(f"{path / device_checkpoint.NAME} is not of the run in {path / RUN}; copy the folder again")
    return settings


def _progress(before: Progress, found: DeviceTraining, path: Path) -> Progress:
    """Where the device has come to, with the figures of its epochs, as far as its log tells."""
    history = {ended.epoch: ended for ended in before.history}
    for ended in _logged(path / LOG):
        if before.epoch < ended.epoch <= found.epoch:
            history[ended.epoch] = ended
    first = found.epoch
    while first in history:
        first -= 1
    known = [history[epoch] for epoch in range(first + 1, found.epoch + 1)]
    return Progress(found.epochs, found.epoch, found.step, found.seconds, found.past, known)


def _logged(path: Path) -> Iterator[EpochEnded]:
    """The epochs of a device's log; of one that was trained twice, as after a power cut, the later line counts.

    RunError for a line that is none; the last may have been cut by a power cut.
    """
    try:
        with open(open_plain(path), "rb") as file:
            while (line := file.readline(MOST_LINE)).endswith(b"\n"):
                data = fields.mapping(parsed(line.decode()), "a line")
                if data.pop("event", None) == "epoch":
                    yield epoch_of(data, "an epoch")
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror or error}") from None
    except (SpecError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} is no log of a device: {one_line(error)}; remove it to go without its figures"
        ) from None
