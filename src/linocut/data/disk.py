"""Exact reads from an open file, at a place of its own, straight into the caller's memory."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.errors import DataError, MachineError
from linocut.files import open_plain

AGAIN = "get the file again"
GZIP = b"\x1f\x8b"  # what gzipped files begin with


def open_readonly(path: Path, shown: Path | None = None) -> int:
    """A file descriptor, which the caller closes; DataError where the file cannot be opened, or is a pipe or the like.

    `shown` is what messages call it.
    """
    shown = shown or path
    try:
        return open_plain(path)
    except OSError as error:
        raise DataError(f"{shown} cannot be read: {error.strerror}; check the path and its permissions") from None


def begins_with(path: Path, mark: bytes) -> bool:
    """Whether these are the first bytes of a file; DataError where it cannot be opened."""
    file = open_readonly(path)
    try:
        return os.pread(file, len(mark), 0) == mark
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror}; check the disk") from None
    finally:
        os.close(file)


def fill(file: int, out: memoryview, offset: int, path: Path) -> None:
    """Fill `out` (bytes) from `offset` on; the kernel may give less than asked at once.

    `path` names the file in messages: DataError where it ends too early, MachineError where the disk fails.
    """
    done, wanted = 0, len(out)
    while done < wanted:
        try:
            got = os.preadv(file, [out[done:] if done else out], offset + done)
        except OSError as error:
            raise MachineError(f"{path} cannot be read: {error.strerror}; check the disk") from None
        if got == 0:
            raise DataError(
                f"{path} ends at byte {offset + done:,}, {wanted - done:,} B too early: "
                f"it was cut while in use; {AGAIN}"
            )
        done += got
