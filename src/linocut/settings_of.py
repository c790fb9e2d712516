"""Settings of frozen descriptions as users give them.

NumPy's numbers and arrays become Python's; a description may be given by its name, or as its file has it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

from linocut.errors import SpecError, unknown_name

Described = TypeVar("Described")


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


def described_by(what: str, given: str | dict[str, Any], table: Mapping[str, type[Described]]) -> Described:
    """One of the kinds in `table`, from its name or from what its `to_dict` wrote.

    SpecError, which says `what` it is, for an unknown kind or setting.
    """
    settings: dict[str, Any] = dict(given) if isinstance(given, dict) else {"kind": given}
    kind = settings.pop("kind", None)
    if kind not in table:
        raise unknown_name(what, kind, table)
    described = table[kind]  # all of them are dataclasses, of which the type of the table says nothing
    known = [field.name for field in dataclasses.fields(described)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise SpecError(f"{what} {kind} has no setting {name!r}; there are {', '.join(known) or 'none'}")
    return described(**settings)
