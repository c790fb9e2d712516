"""Fax code, as TIFF holds it: whether its rows are there. libtiff leaves white what lacks, and says so to nobody.

A row of Group 3 begins, or ends, with EOL: eleven 0 and a 1; Group 4 ends with two of them. What is damaged within a
row is not found. Source: ITU-T T.4 and T.6; TIFF 6.0, section 11.
"""

from __future__ import annotations

import numpy as np

EOL = 12  # bits
END = 0x001001  # two of them
CHUNK = 1 << 16  # bytes looked at together


def fault(data: bytes, rows: int, *, two_dimensional: bool, reversed_bits: bool) -> str:
    """Why a strip of so many rows is damaged, "" where nothing shows; `two_dimensional` is Group 4."""
    if two_dimensional:
        return "" if _ends(data, reversed_bits) else "the code does not end as Group 4 does"
    lines = _lines(data, reversed_bits)
    return "" if lines >= rows else f"are {lines:,} of {rows:,} rows"


def _ends(data: bytes, reversed_bits: bool) -> bool:
    tail = int.from_bytes(_in_order(data.rstrip(b"\0")[-4:], reversed_bits).tobytes(), "big")
    while tail and not tail & 1:
        tail >>= 1
    return tail & 0xFFFFFF == END


def _lines(data: bytes, reversed_bits: bool) -> int:
    """How many EOL there are: each 1 behind eleven 0 or more."""
    count, last = 0, -1
    for begin in range(0, len(data), CHUNK):
        ones = np.flatnonzero(np.unpackbits(_in_order(data[begin : begin + CHUNK], reversed_bits))) + begin * 8
        if len(ones):
            count += int((np.diff(ones, prepend=last) >= EOL).sum())
            last = int(ones[-1])
    return count


def _in_order(data: bytes, reversed_bits: bool) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The bytes, their highest bits first."""
    some = np.frombuffer(data, np.uint8)
    if not reversed_bits:
        return some
    return np.packbits(np.unpackbits(some, bitorder="little"))
