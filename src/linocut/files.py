"""Files that are written whole or not at all, and plain files to read."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from linocut.errors import LinocutError, MachineError, RunError, SpecError

PART = ".part"  # how a file is called that is being written
LONG_NAME, OF_LONG_NAME = 200, 50  # bytes; characters, of up to four: with what is added a name has 255 bytes at most
NOT_PLAIN = "it is no plain file"
MISPLACED = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)
_NO_PLAIN_FILE = (errno.ENOENT, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR)


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with ~ as a home folder; as it is where that is not known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def open_plain(path: str | os.PathLike[str]) -> int:
    """A descriptor of a file, to read; OSError for a folder, and for pipes and devices, which are not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise OSError(errno.ENXIO, NOT_PLAIN) from None
        raise
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.ENXIO, NOT_PLAIN)


def read_small(path: Path, most: int, never: str, mend: str, wrong: type[LinocutError], name: str = "") -> bytes:
    """The bytes of a plain file of a user's; `wrong`, naming it, where it cannot be read or has more than `most` bytes.

    `never` says what is never so large, `mend` what to give instead, `name` how the file is called if not by its path.
    """
    try:
        with open(open_plain(path), "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise wrong(f"{name or path} cannot be read: {error.strerror or error}; {mend}") from None
    if len(data) > most:
        raise wrong(f"{name or path} is larger than {most:,} B; {never}")
    return data


def unwritable(error: OSError, message: str, otherwise: str, misplaced: type[LinocutError] = RunError) -> LinocutError:
    """The error for what cannot be written: `misplaced` where the path is to blame, MachineError where the machine is.

    The first is of a file in a folder's place or the other way round, links in a circle, a name that is too long.
    `otherwise` says what else may be done than to make room.
    """
    if error.errno in MISPLACED:
        return misplaced(f"{message}; move away what is there, or {otherwise}")
    return MachineError(f"{message}; make room, or {otherwise}")


def check_new(path: Path, force: bool, option: str = "--out", forced: str = "--force") -> None:
    """SpecError unless a file may be written there: there is none, or with `force` one that may be replaced.

    `option` is what gives the path, `forced` what `force`, for the message. Links are followed.
    """
    check_place(path, option)
    if os.path.lexists(path) and not force:
        raise SpecError(f"{path} exists already; give {forced} to replace it, or another {option}")


def check_place(path: Path, option: str) -> Path:
    """Where a file is to be written, behind links, which stay what they are; SpecError where what is there is none."""
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise SpecError(f"{path} is a folder; give the name of a file as {option}")
    if os.path.lexists(target) and not os.path.isfile(target):
        raise SpecError(f"{path} is there, and no file to be written; move it away, or give another {option}")
    return target


def check_parent(path: Path) -> None:
    """SpecError unless the folder that a file is to be written into is there, and lets it."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise SpecError(f"{path.parent} is no folder; make it first, or give another")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SpecError(f"{path.parent} cannot be written to; give another folder")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the name `path` once the block has ended and its bytes are on the disk.

    It is written under another name in the same folder, one that no other file has: where that folder was replaced by
    another meanwhile, the file is not found there, and nothing in it is written over. When anything fails, the file is
    removed, what `path` held stays as it was, and an OSError becomes a MachineError, or a RunError: see `unwritable`.
    Pipes, sockets and devices are not replaced: RunError.
    """
    if is_special(path):
        raise _unwritten(path, OSError(errno.ENXIO, NOT_PLAIN))
    name = path.name if len(os.fsencode(path.name)) <= LONG_NAME else path.name[:OF_LONG_NAME]
    part = path.with_name(f".{name}.{os.getpid()}-{os.urandom(4).hex()}{PART}")
    try:
        try:
            with open(part, "xb", opener=_unlinked) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _settle(path.parent)
    except MachineError:
        raise
    except OSError as error:
        raise _unwritten(path, error) from None


def is_special(path: Path) -> bool:
    """Whether there is a pipe, a socket or a device, which others wait at."""
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISLNK(kind) or stat.S_ISDIR(kind))


def extended(path: Path, folder: int, nbytes: int, data: bytes) -> bool:
    """Whether `data` could be written behind the first `nbytes` of a file, in the place of what is there.

    `folder` is the descriptor of the folder that it is in. The data are on the disk then. Nothing is done where there
    is no plain file so long, or it has other names, as it may be another's; MachineError where the disk will not, which
    leaves those first bytes.
    """
    try:
        file = os.open(path.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_PLAIN_FILE:
            return False
        raise _unwritten(path, error) from None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size < nbytes:
            return False
        _write_behind(file, nbytes, data)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(file, nbytes)
        raise _unwritten(path, error) from None
    finally:
        os.close(file)
    return True


def _write_behind(file: int, place: int, data: bytes) -> None:
    os.ftruncate(file, place)
    left = memoryview(data)
    while left:
        wrote = os.pwrite(file, left, place)
        place, left = place + wrote, left[wrote:]
    os.fsync(file)


def _unwritten(path: Path, error: OSError) -> LinocutError:
    message = f"{path} cannot be written: {error.strerror or error}"
    return unwritable(error, message, "give a folder that can be written")


def remove_parts(path: Path) -> None:
    """Remove what processes that were killed had written of `path`; for whoever alone writes it."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
        with suppress(OSError):  # a folder of that name, or it has gone
            part.unlink()


def _unlinked(path: str, flags: int) -> int:
    """Open a file through no link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; MachineError where the disk will not."""
    with replacing(path) as file:
        file.write(text.encode())


def make_folder(path: Path) -> list[Path]:
    """Make a folder and those above it, as far as they are not there; returns those made, the innermost first.

    They outlive a power cut. Where they cannot be made none is left, and it is a MachineError or a RunError: see
    `unwritable`.
    """
    new = [folder for folder in (path, *path.parents) if not os.path.exists(folder)]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for folder in new:
            _settle(folder.parent)
        return new
    except OSError as error:
        for folder in new:
            with suppress(OSError):  # not made
                folder.rmdir()
        reason = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror
        raise unwritable(error, f"folder {path} cannot be made: {reason}", "give another folder") from None


def _settle(folder: Path) -> None:
    """Have the folder's entries on the disk, so that a new name outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
