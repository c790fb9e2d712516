"""Lock: at most one process writes a run folder; whoever only reads it needs no lock.

The system's own lock (flock) on the file `.lock` ends with the process that holds it, however that ends, so a lock
file that was left behind stops nobody, whatever process has the number in it by now.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from linocut.errors import MachineError, RunError
from linocut.files import make_folder

NAME = ".lock"
MOST_DIGITS = 20  # of a process's number


class Lock:
    """A `with` block in which nobody else writes the folder, which is made if need be.

    RunError, with the number of the process, where another writes it; MachineError where it cannot be made or
    locked. Folders made here that are still empty at the end are removed again.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is done before the block."""
        self._folder, self._path = folder, folder / NAME
        self._made: list[Path] = []
        self._file = -1

    def __enter__(self) -> Lock:
        """Make the folder and take the lock."""
        self._made = make_folder(self._folder)
        try:
            while not self._taken():
                os.close(self._file)
            try:
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
            except OSError:
                self._release()
                raise
        except OSError as error:
            self._remove_made()
            raise MachineError(
                f"{self._path} cannot be written and locked: {error.strerror or error}; "
                "make room, or give a folder that can be written"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        self._release()
        self._remove_made()

    def _taken(self) -> bool:
        """Whether the file that was locked is the one in the folder, and not one that its holder just removed."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.fstat(self._file).st_nlink > 0
        except BlockingIOError:
            holder = _holder(self._file)
            os.close(self._file)
            raise RunError(
                f"{self._folder} is being trained by {holder}; wait for it to end, or give another folder"
            ) from None
        except OSError:
            os.close(self._file)
            raise

    def _release(self) -> None:
        """Remove the lock file, then let go of it; whoever opened it meanwhile finds that it has no name any more."""
        with suppress(OSError):  # somebody removed it
            self._path.unlink()
        os.close(self._file)

    def _remove_made(self) -> None:
        for folder in self._made:
            with suppress(OSError):  # it holds a run
                folder.rmdir()


def _holder(file: int) -> str:
    number = os.pread(file, MOST_DIGITS, 0).strip()
    return f"process {int(number)}" if number.isdigit() else "another process"
