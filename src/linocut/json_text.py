"""JSON from files of unknown origin: what would take many times its length in memory is refused before it is read."""

from __future__ import annotations

import json
from typing import Any

MOST_BRACKETS = 1 << 20  # lists and objects in a text: an empty one of two bytes takes 64 in memory


def parsed(text: str) -> Any:
    """What JSON says; ValueError for what is none, or takes many times its length, or RecursionError."""
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError(f"more than {MOST_BRACKETS:,} lists and objects")
    return json.loads(text)
