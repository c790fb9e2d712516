"""Sizes in bytes, as people write and read them."""

from __future__ import annotations

import re

UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1))
MOST_SIZE = 2**63 - 1
_SCALES = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _SCALES |= {f"{_letter}ib": 1024**_power, f"{_letter}b": 1000**_power, _letter: 1024**_power}
_FORM = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of a size such as 64MiB, 1.5GB (powers of 1000), 512k (of 1024) or 65536; ValueError for anything else."""
    if text.strip().startswith("-"):
        raise ValueError(f"{text!r} is not a size such as 64MiB: it is negative")
    match = _FORM.fullmatch(text)
    if not match or match[2].lower() not in _SCALES:
        raise ValueError(f"{text!r} is not a size such as 64MiB, 1.5GB or 65536")
    count = float(match[1]) * _SCALES[match[2].lower()]
    if not 1 <= count <= MOST_SIZE:
        raise ValueError(f"{text!r} is not a size such as 64MiB: it must be 1 B to {MOST_SIZE // 2**50:,} PiB")
    return int(count)


def show_size(count: int) -> str:
    """Bytes in the unit that suits them, with two decimals: 7.40 MiB, 512 B."""
    unit, scale = next((entry for entry in UNITS if count >= entry[1]), UNITS[-1])
    return f"{count:,} B" if scale == 1 else f"{count / scale:,.2f} {unit}"


def show_loss(loss: float) -> str:
    """A loss with four decimals; of a large one, as of a regression's, five digits in all."""
    return f"{loss:.4f}" if abs(loss) < 1000 else f"{loss:.5g}"
