"""Faults that change nothing which can be observed, kept by hand with a reason each."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).with_name("equivalent.toml")


def reasons() -> dict[str, str]:
    """Why, by the identity of the fault."""
    entries = tomllib.loads(TABLE.read_text())["fault"]
    return {entry["identity"]: entry["reason"] for entry in entries}
