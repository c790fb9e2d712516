"""The index of the models: what each is, the command that made it, what it came to, and the checksum of its file."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linocut import fields
from linocut.errors import RunError, SpecError, unknown_name
from linocut.files import expanded
from linocut.toml_text import read_toml

INDEX = "index.toml"
INSTALLED = Path(__file__).with_name("models")  # in a wheel
IN_CLONE = Path(__file__).parents[3] / "models"
MOST_BYTES = 8 * 2**20  # of one file
DIGITS = 64  # of a SHA-256


@dataclass(frozen=True)
class Entry:
    """A trained network: a model file of `bytes` with its SHA-256, and how it was made.

    `model` is what --model says of its layers; `accuracy` is that of the test data in percent, `trained_on` a machine.
    """

    name: str
    about: str
    file: str
    bytes: int
    sha256: str
    model: str
    data: str
    policy: str
    epochs: int
    seed: int
    accuracy: float
    command: str
    trained_on: str
    linocut: str
    commit: str


@dataclass(frozen=True)
class Absent:
    """A model that is wished for and not there, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Index:
    """What a folder of models holds."""

    folder: Path
    models: tuple[Entry, ...]
    absent: tuple[Absent, ...]

    def entry(self, name: str) -> Entry:
        """The model called `name`; SpecError, with the nearest name, for another."""
        for one in self.models:
            if one.name == name:
                return one
        for lacking in self.absent:
            if lacking.name == name:
                known = ", ".join(entry.name for entry in self.models)
                raise SpecError(f"model {name} is not there yet: {lacking.why}; there are {known}")
        raise unknown_name("trained model", name, [one.name for one in self.models])


def available(folder: str | os.PathLike[str] | None = None) -> tuple[Entry, ...]:
    """The trained networks that come with linocut, or lie in `folder`.

    RunError where that holds no index, SpecError for an index that is none.
    """
    return read_index(folder).models


def read_index(folder: str | os.PathLike[str] | None = None) -> Index:
    """The index in `folder`, by default linocut's own; errors are those of `available`."""
    place = _own() if folder is None else expanded(folder)
    path = place / INDEX
    if not os.path.isfile(path):
        raise RunError(f"{place} holds no {INDEX} of models; give the folder models of linocut's repository")
    given = read_toml(path, "an index of models")
    try:
        fields.only({"absent": [], **given}, {"models", "absent"}, "it")
        models = tuple(_entry(one) for one in fields.entries(given["models"], "models"))
        absent = tuple(_absent(one) for one in fields.entries(given.get("absent", []), "absent"))
        names = [*(one.name for one in models), *(one.name for one in absent)]
        if len(set(names)) < len(names):
            raise SpecError(f"it names a model twice: {', '.join(sorted(names))}")
    except SpecError as error:
        raise SpecError(f"{path} is no index of models: {error}") from None
    return Index(place, models, absent)


def _own() -> Path:
    """In a wheel its own; in a clone, which is used where it lies, the repository's."""
    return INSTALLED if os.path.isfile(INSTALLED / INDEX) else IN_CLONE


def _entry(value: object) -> Entry:
    given = fields.described(value, Entry, "a model")
    kinds: dict[str, Any] = {"bytes": fields.whole, "epochs": fields.whole, "seed": fields.whole}
    kinds["accuracy"] = fields.number
    known = [field.name for field in dataclasses.fields(Entry)]
    found = Entry(**{name: kinds.get(name, fields.text)(given[name], name) for name in known})
    if found.file != os.path.basename(found.file) or found.file in ("", ".", ".."):
        raise SpecError(f"file is {found.file!r}, must be the name of a file beside the index")
    if found.bytes > MOST_BYTES:
        raise SpecError(f"bytes is {found.bytes:,}, must be {MOST_BYTES:,} or fewer")
    if len(found.sha256) != DIGITS or set(found.sha256) - set("0123456789abcdef"):
        raise SpecError(f"sha256 is {fields.shown(found.sha256)}, must be {DIGITS} hexadecimal digits")
    return found


def _absent(value: object) -> Absent:
    given = fields.described(value, Absent, "what is absent")
    return Absent(fields.text(given["name"], "name"), fields.text(given["why"], "why"))
