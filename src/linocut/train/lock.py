"""Lock: at most one run writes a folder; whoever only reads it needs no lock.

Two of the system's own locks (flock) are held, which end with the process that holds them, however that ends: one on
the folder itself, which keeps others away whatever becomes of the files in it, and one on its file `.lock`, which says
which process that is. A lock file that was left behind stops nobody, whatever process has the number in it by now.

A folder may come from anywhere: `.lock` is opened through no link, and nothing is written to it, nor is it removed,
unless it is a file of one name that holds what a lock file holds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from linocut.errors import MachineError, RunError
from linocut.files import make_folder
from linocut.forks import tell_of_forks

NAME = ".lock"
MOST_DIGITS = 20  # of a process's number
CLOSED = -1
HELD = (errno.EWOULDBLOCK, errno.EACCES)


class Lock:
    """A `with` block in which nobody else writes the folder, which is made if need be.

    RunError, with the number of the process, where another writes it; MachineError where it cannot be made or
    locked. Folders made here that are still empty at the end are removed again. A child of this process that is forked
    in the block holds nothing: the lock ends with the block, or with this process.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is done before the block."""
        self._folder, self._path = folder, folder / NAME
        self._made: list[Path] = []
        self._file = self._directory = CLOSED
        self._in_child = False
        tell_of_forks(self)

    def __enter__(self) -> Lock:
        """Make the folder and take the lock."""
        self._made = make_folder(self._folder)
        try:
            self._directory = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            while not self._taken():
                self._close_file()
            number = f"{os.getpid()}\n".encode()
            os.pwrite(self._file, number, 0)
            os.ftruncate(self._file, len(number))
        except OSError as error:
            self._leave()
            raise MachineError(
                f"{self._path} cannot be written and locked: {error.strerror or error}; "
                "make room, or give a folder that can be written"
            ) from None
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        self._leave()

    @property
    def directory(self) -> int:
        """The folder that is locked, as a descriptor."""
        return self._directory

    def after_fork(self) -> None:
        """In the child: the parent alone holds it, and alone removes it."""
        self._in_child = self._in_child or self._directory != CLOSED
        self._close()

    def check(self) -> None:
        """RunError unless the folder is still the one that this process locked: to be called before it is changed."""
        if self._in_child:
            raise RunError(
                f"this process was forked from the one that writes {self._folder}, which goes on with it; "
                "save to another folder"
            )
        try:
            found, own = os.stat(self._folder), os.fstat(self._directory)
            same = (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)
        except OSError:
            same = False
        if not same:
            raise RunError(
                f"{self._folder} is not the folder any more that this run began to write: it was renamed, removed or "
                "replaced; resume the run from where it is now"
            )

    def _taken(self) -> bool:
        """Whether the file that was locked is the one in the folder, and not one that its holder just removed."""
        self._open_file()
        self._lock(self._file)
        if os.fstat(self._file).st_nlink == 0:
            return False
        if not _is_lock_file(self._file):
            self._close_file()  # not ours: to be left as it is
            raise RunError(f"{self._path} is not a lock file of linocut; move it away, or give another folder")
        with suppress(OSError):  # file systems over a network may not lock folders
            self._lock(self._directory)
        return True

    def _open_file(self) -> None:
        options = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            self._file = os.open(NAME, options, 0o666, dir_fd=self._directory)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EMLINK):
                raise
            raise RunError(
                f"{self._path} is not a lock file of linocut; move it away, or give another folder"
            ) from None

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in HELD:
                raise
            holder = _holder(self._file)
            if descriptor == self._file:
                self._close_file()  # the holder's: to be left as it is
            raise RunError(
                f"{self._folder} is being trained by {holder}; wait for it to end, or give another folder"
            ) from None

    def _leave(self) -> None:
        """Remove the lock file, then let go of it; whoever opened it meanwhile finds that it has no name any more."""
        if self._file != CLOSED and self._holds_name():
            with suppress(OSError):  # somebody removed it
                os.unlink(NAME, dir_fd=self._directory)
        moved = self._in_child or (self._directory != CLOSED and self._moved())
        self._close()
        if not moved:
            for folder in self._made:
                with suppress(OSError):  # it holds a run
                    folder.rmdir()

    def _holds_name(self) -> bool:
        """Whether the folder's lock file is the one that is held here, and not another's that came later."""
        try:
            return os.path.samestat(os.stat(NAME, dir_fd=self._directory, follow_symlinks=False), os.fstat(self._file))
        except OSError:
            return False

    def _moved(self) -> bool:
        try:
            self.check()
        except RunError:
            return True
        return False

    def _close_file(self) -> None:
        descriptor, self._file = self._file, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    def _close(self) -> None:
        self._close_file()
        descriptor, self._directory = self._directory, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)


def _holder(file: int) -> str:
    number = os.pread(file, MOST_DIGITS, 0).strip()
    return f"process {int(number)}" if number.isdigit() else "another process"


def _is_lock_file(file: int) -> bool:
    """Whether it is a file of one name that is empty or holds a number, zeros after a power cut counted as none."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > MOST_DIGITS + 1:
        return False
    text = os.pread(file, MOST_DIGITS + 1, 0).strip(b"\0\n ")
    return not text or text.isdigit()
