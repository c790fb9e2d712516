"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from linocut.errors import MachineError

PART = ".part"  # how a file is called that is being written
_NO_PLAIN_FILE = (errno.ENOENT, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR)


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with ~ as a home folder; as it is where that is not known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the name `path` once the block has ended and its bytes are on the disk.

    It is written under another name in the same folder, one that no other file has: where that folder was replaced by
    another meanwhile, the file is not found there, and nothing in it is written over. When anything fails, the file is
    removed, what `path` held stays as it was, and an OSError becomes a MachineError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}{PART}")
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


def _unwritten(path: Path, error: OSError) -> MachineError:
    return MachineError(
        f"{path} cannot be written: {error.strerror or error}; make room, or give a folder that can be written"
    )


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

    They outlive a power cut. MachineError where they cannot be made.
    """
    try:
        new = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in new:
            _settle(folder.parent)
        return new
    except OSError as error:
        reason = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror
        raise MachineError(f"folder {path} cannot be made: {reason}; give another folder") from None


def _settle(folder: Path) -> None:
    """Have the folder's entries on the disk, so that a new name outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
