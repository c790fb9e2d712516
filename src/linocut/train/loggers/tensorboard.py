"""TensorBoard: a logger that writes event files; TensorBoard itself is not needed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import BinaryIO

from linocut.errors import MachineError
from linocut.files import make_folder, unwritable
from linocut.train.event_file import scalars_record, version_record
from linocut.train.events import Done, EpochEnded, Event, to_json
from linocut.train.scalars import tagged

NAME = "events.out.tfevents.{seconds}.linocut.{number}"  # viewers look for "tfevents", and read files in this order


class TensorBoard:
    """Writes the numbers of each epoch into event files in `folder`, one folder a run; look at it with
    `tensorboard --logdir FOLDER`.

    Each fit begins a file, so that a run that was resumed has several, which viewers join. An epoch is in the file when
    the next begins. MachineError, or RunError for a folder that cannot be, where it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Nothing is written before the first epoch has ended."""
        self._folder = Path(folder)
        self._file: BinaryIO | None = None

    def __call__(self, event: Event) -> None:
        """Write what an epoch came to."""
        try:
            if isinstance(event, EpochEnded):
                if self._file is None:
                    self._file = self._new()
                self._file.write(scalars_record(time.time(), event.epoch, tagged(to_json(event))))
                self._file.flush()
            elif isinstance(event, Done):
                self.close()
        except MachineError:
            raise
        except OSError as error:
            message = f"events cannot be written into {self._folder}: {error.strerror or error}"
            raise unwritable(error, message, "give another folder") from None

    def close(self) -> None:
        """End the file; `fit` does so when its last epoch has ended."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _new(self) -> BinaryIO:
        make_folder(self._folder)
        now, number = time.time(), 0
        while True:
            path = self._folder / NAME.format(seconds=int(now), number=number)
            try:
                file = open(path, "xb")  # noqa: SIM115  # closed when training has ended
                break
            except FileExistsError:  # of another fit in the same second
                number += 1
        file.write(version_record(now))
        return file
