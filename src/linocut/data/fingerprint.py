"""file_fingerprint: bytes that tell a file from others, at the cost of a few reads."""

from __future__ import annotations

import os
from pathlib import Path

from linocut.errors import DataError
from linocut.files import open_plain

WHOLE = 1 << 16  # bytes: of larger files three pieces are looked at
PIECE = 1 << 14


def file_fingerprint(path: Path) -> bytes:
    """The size, and all bytes of a small file, of a larger one those at the beginning, in the middle and at the end.

    Pictures, sounds and archives that differ do so there or in their size, but for samples that are stored as they are;
    to read a folder of photographs whole would take a small device minutes. DataError for a file that cannot be read.
    """
    try:
        descriptor = open_plain(path)
        try:
            size = os.fstat(descriptor).st_size
            pieces = [(0, size)] if size <= WHOLE else [(at, PIECE) for at in (0, (size - PIECE) // 2, size - PIECE)]
            return size.to_bytes(8, "little") + b"".join(os.pread(descriptor, count, at) for at, count in pieces)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; check the file") from None
