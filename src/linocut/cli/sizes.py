"""Sizes in bytes, as people write them."""

from __future__ import annotations

import re

import click

MOST_SIZE = 2**63 - 1
_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _UNITS |= {f"{_letter}ib": 1024**_power, f"{_letter}b": 1000**_power, _letter: 1024**_power}
_FORM = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of a size such as 64MiB, 1.5GB (powers of 1000), 512k (of 1024) or 65536; ValueError for anything else."""
    if text.strip().startswith("-"):
        raise ValueError(f"{text!r} is not a size such as 64MiB: it is negative")
    match = _FORM.fullmatch(text)
    if not match or match[2].lower() not in _UNITS:
        raise ValueError(f"{text!r} is not a size such as 64MiB, 1.5GB or 65536")
    count = float(match[1]) * _UNITS[match[2].lower()]
    if not 1 <= count <= MOST_SIZE:
        raise ValueError(f"{text!r} is not a size such as 64MiB: it must be 1 B to {MOST_SIZE // 2**50:,} PiB")
    return int(count)


def show_size(count: int) -> str:
    """A count of bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.2f} {unit}"
        value /= 1024
    return f"{value:,.2f} GiB"


def size_option(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Callback: the bytes of a size on the command line."""
    try:
        return None if value is None else parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
