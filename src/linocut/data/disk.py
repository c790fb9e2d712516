"""Exact reads from an open file, at a place of its own, straight into the caller's memory."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.data.cache import AGAIN
from linocut.errors import DataError, MachineError


def open_readonly(path: Path) -> int:
    """A file descriptor, which the caller closes; DataError where the file cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the path and its permissions") from None


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
