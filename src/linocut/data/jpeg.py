"""JPEG: whether its data are whole. libjpeg makes grey of what lacks, or anything of what is damaged, without an error.

The native core decodes the Huffman codes, which shows data that end early, go on, or hold what is no code; damage that
leads back to codes after a few blocks is not always found (native/jpeg/check.hpp).
"""

from __future__ import annotations

from pathlib import Path

from linocut.errors import DataError


def fault(data: bytes) -> str:
    """Why the JPEG in these bytes is damaged, "" where nothing shows, or where the native core is not built."""
    try:
        from linocut._native import jpeg_fault
    except ImportError:  # the reference works without it
        return ""
    return jpeg_fault(data)


def check(path: Path) -> None:
    """DataError for a file that is damaged."""
    if reason := fault(path.read_bytes()):
        raise DataError(f"{path} is damaged: {reason}; replace or remove the file")
