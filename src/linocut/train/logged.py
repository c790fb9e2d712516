"""Logged: what the log of a run tells of its epochs, read without the run: also while it is being trained.

Of an epoch its numbers are taken, whatever they are called: logs of older and of newer versions are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from linocut import fields
from linocut.errors import RunError, SpecError, one_line
from linocut.files import open_plain
from linocut.json_text import parsed
from linocut.train import run_log
from linocut.train.event_file import scalars_record, version_record
from linocut.train.progress import MOST_EPOCHS
from linocut.train.scalars import MEASURES, Measure, scalars, tagged

Epoch = dict[str, "float | None"]
EVENTS = "events.out.tfevents.linocut"  # of a log that was converted: one file a folder, written anew each time


@dataclass(frozen=True)
class Logged:
    """The epochs of the run folder `run`, each as its numbers by name; `written` is when (seconds since 1970)."""

    run: str
    epochs: tuple[Epoch, ...]
    written: float

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The losses, accuracies and error rates that any of the epochs has."""
        return tuple(one for one in MEASURES if any(epoch.get(one.key) is not None for epoch in self.epochs))

    def event_file(self) -> bytes:
        """All epochs as an event file for TensorBoard: each took its seconds, the last ended when it was written."""
        spent = [epoch.get("seconds") or 0.0 for epoch in self.epochs]
        now = self.written - sum(spent)
        records = [version_record(now)]
        for epoch, seconds in zip(self.epochs, spent, strict=True):
            now += seconds
            records.append(scalars_record(now, fields.whole(epoch["epoch"], "epoch"), tagged(epoch)))
        return b"".join(records)


def read_log(run: str | os.PathLike[str]) -> Logged:
    """The log of a run folder; RunError where there is none, it is damaged, or no epoch has ended yet."""
    path = Path(run) / run_log.NAME
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            written = os.fstat(file.fileno()).st_mtime
            epochs = tuple(_epochs(file))
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{run} is not the folder of a run: it has no {run_log.NAME}; give what --out was") from None
    except (OSError, ValueError, RecursionError) as error:  # SpecError is a ValueError
        raise RunError(f"{path} cannot be read: {one_line(error)}; put it back as it was") from None
    if not epochs:
        raise RunError(f"{path} tells of no epoch: none has ended yet; wait for the first")
    return Logged(os.fspath(run), epochs, written)


def _epochs(file: BinaryIO) -> Iterator[Epoch]:
    last = 0
    for number, line in enumerate(whole_lines(file), start=1):
        event = fields.mapping(parsed(line.decode()), f"line {number}")
        if event.get("event") != "epoch":
            continue
        found = _numbers(event, f"line {number}")
        epoch = fields.whole(found.get("epoch"), f"line {number}: epoch", 1)
        if not last < epoch <= MOST_EPOCHS:
            raise SpecError(f"line {number}: epoch {epoch} follows {last}")
        fields.number(found.get("loss"), f"line {number}: loss")
        last = epoch
        yield found


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines; one that is being written has no end yet."""
    while line := file.readline(run_log.MOST_LINE + 1):
        if len(line) > run_log.MOST_LINE:
            raise ValueError(f"a line is longer than {run_log.MOST_LINE:,} B")
        if line.endswith(b"\n"):
            yield line


def _numbers(event: dict[str, Any], what: str) -> Epoch:
    return {key: fields.number_or_none(value, f"{what}: {key}") for key, value in scalars(event).items()}
