"""Settings of frozen descriptions as users give them: NumPy's numbers and arrays become Python's."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any


def as_plain(value: Any) -> Any:
    """A NumPy scalar as a Python number, an array and a list as a tuple of them; anything else as it is."""
    numpy = sys.modules.get("numpy")  # who has such a value has loaded it
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
        value = value.tolist()
    return tuple(as_plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def keep_plain(described: Any) -> None:
    """Make the settings of a frozen dataclass plain, in place, before they are checked."""
    for field in dataclasses.fields(described):
        value = getattr(described, field.name)
        plain = as_plain(value)
        if plain is not value:
            object.__setattr__(described, field.name, plain)
