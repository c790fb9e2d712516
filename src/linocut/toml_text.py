"""TOML files that people write and hand on: read within bounds, whatever they hold."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from linocut.errors import SpecError, one_line
from linocut.files import read_small

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 2**20
MOST_PARTS = 16  # of a name with dots: what a parser does for it grows with their square
MOST_TABLES = 2**15  # dots, and lines that begin with a bracket: each may be a table, which takes a kilobyte
MOST_DIGITS = 4300  # of a number, as Python has it; for each a parser takes 150 bytes
_TOKEN = re.compile(r"""(?P<part>[\w-]+|"[^"\n]*"|'[^'\n]*')|(?P<dot>\.)|(?P<space>[ \t]+)|.""", re.DOTALL)
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_DIGITS = tuple("0123456789")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """What the file of `what`, such as "a network", says; SpecError, naming it and the mend, for one that is none."""
    try:
        data = read_small(path, MOST_BYTES, f"the file of {what} never is", f"give the file of {what}", SpecError)
        text = data.decode("utf-8-sig")
        _check_costs(text)
        return tomllib.loads(text)
    except SpecError:
        raise
    except RecursionError:
        raise SpecError(f"{path} is not the file of {what}: it is nested too deep") from None
    except ValueError as error:  # also what is no UTF-8, and whole numbers of thousands of digits
        raise SpecError(f"{path} is not TOML: {one_line(error)}; mend that line") from None


def _check_costs(text: str) -> None:
    """ValueError for what takes a parser many times its length: names of many parts, many tables, long numbers."""
    dots, tables, before = 0, len(_HEADER.findall(text)), None
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "space":
            continue
        if kind == "dot" and before == "part":
            dots, tables = dots + 1, tables + 1
        elif kind != "part" or before != "dot":
            dots = 0
        if dots >= MOST_PARTS:
            raise ValueError(f"line {_line(text, token)} has a name of more than {MOST_PARTS} parts")
        if tables > MOST_TABLES:
            raise ValueError(f"there are more than {MOST_TABLES:,} tables and names with dots")
        if token.end() - token.start() > MOST_DIGITS and token[0].lstrip("-")[:1] in _DIGITS:
            raise ValueError(f"line {_line(text, token)} has a number of more than {MOST_DIGITS:,} digits")
        before = kind


def _line(text: str, token: re.Match[str]) -> int:
    return text.count("\n", 0, token.start()) + 1
