"""TOML files that people write and hand on: read within bounds, whatever they hold."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from linocut.errors import SpecError, one_line
from linocut.files import open_plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 2**20
MOST_PARTS = 16  # of a name with dots: what a parser does for it grows with their square
_TOKEN = re.compile(r"""(?P<part>[\w-]+|"[^"\n]*"|'[^'\n]*')|(?P<dot>\.)|(?P<space>[ \t]+)|.""", re.DOTALL)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """What the file of `what`, such as "a network", says; SpecError, naming it and the mend, for one that is none."""
    try:
        with open(open_plain(path), "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise SpecError(f"{path} is larger than {MOST_BYTES:,} B; the file of {what} never is")
        text = data.decode("utf-8-sig")
        _check_names(text)
        return tomllib.loads(text)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror or error}; give the file of {what}") from None
    except SpecError:
        raise
    except RecursionError:
        raise SpecError(f"{path} is not the file of {what}: it is nested too deep") from None
    except ValueError as error:  # also what is no UTF-8, and whole numbers of thousands of digits
        raise SpecError(f"{path} is not TOML: {one_line(error)}; mend that line") from None


def _check_names(text: str) -> None:
    """ValueError for a name of too many parts."""
    dots, before = 0, None
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "space":
            continue
        if kind == "dot" and before == "part":
            dots += 1
        elif kind != "part" or before != "dot":
            dots = 0
        if dots >= MOST_PARTS:
            line = text.count("\n", 0, token.start()) + 1
            raise ValueError(f"line {line} has a name of more than {MOST_PARTS} parts")
        before = kind
