"""The published figures of a paper, and measurements that docs/results.md records, from the TOML file beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from linocut import fields
from linocut.errors import SpecError
from linocut.toml_text import read_toml


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


F = TypeVar("F", bound=_Dataclass)


@dataclass(frozen=True)
class Accuracy:
    """A published test accuracy, in percent, of a model on a data set as linocut calls them."""

    model: str
    data: str
    percent: float


@dataclass(frozen=True)
class Recorded:
    """A test accuracy in percent that linocut came to before, under `policy` after `epochs`.

    It stands in `section` of docs/results.md, with its machine and commit; tests hold it to that page.
    """

    model: str
    data: str
    policy: str
    epochs: int
    percent: float
    machine: str
    commit: str
    section: str

    @property
    def where(self) -> str:
        """Where it lies, for people."""
        return f"docs/results.md, {self.section}: {self.machine}, commit {self.commit}"


def read_figures(path: Path) -> dict[str, Any]:
    """The file's tables; SpecError where it is none."""
    return read_toml(path, "a paper's figures")


def records(tables: dict[str, Any], name: str, kind: type[F]) -> tuple[F, ...]:
    """The entries of the array of tables `name` as objects of the dataclass `kind`; SpecError for other fields."""
    found = []
    for entry in fields.entries(tables.get(name), name):
        given = fields.mapping(entry, name)
        known = {field.name: field for field in dataclasses.fields(kind)}
        needed = {field for field, one in known.items() if one.default is dataclasses.MISSING}
        if set(given) - set(known) or needed - set(given):
            raise SpecError(f"{name} has {', '.join(sorted(given))}, must have {', '.join(known)}")
        found.append(kind(**given))
    return tuple(found)
