"""JSON: texts of unknown origin, in which what would take many times its length in memory is refused, and our own."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_BRACKETS = 1 << 20  # lists and objects in a text: an empty one of two bytes takes 64 in memory


def parsed(text: str, *, once: bool = False) -> Any:
    """What JSON says; ValueError for what is none, or takes many times its length, or RecursionError.

    With `once` also for an object that has a name twice, of which Python keeps the last.
    """
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError(f"more than {MOST_BRACKETS:,} lists and objects")
    return json.loads(text, object_pairs_hook=_only_once if once else None)


def written(value: Any) -> str:
    """A value as JSON on one line, in which what is no finite number is null: JSON has no other."""
    return json.dumps(_finite(value), allow_nan=False)


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has {twice!r} twice")
    return found


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, (list, tuple)) else value
