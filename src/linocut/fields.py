"""Fields of a description read from a file: each is checked to be what was written, SpecError where it is not."""

from __future__ import annotations

import dataclasses
import os
import reprlib
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from linocut.errors import SpecError


def mapping(value: object, what: str) -> dict[str, Any]:
    """The value, a JSON object."""
    if not isinstance(value, dict):
        raise SpecError(f"{what} is {shown(value)}, must be an object")
    return value


def described(value: object, kind: type[Any], what: str, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The value, a JSON object with the fields of the dataclass `kind`, but those in `without`, and no others."""
    found = mapping(value, what)
    only(found, {field.name for field in dataclasses.fields(kind)} - set(without), what)
    return found


def entries(value: object, what: str) -> list[Any]:
    """The value, a JSON array."""
    if not isinstance(value, list):
        raise SpecError(f"{what} is {shown(value)}, must be a list")
    return value


def whole(value: object, what: str, least: int = 0) -> int:
    """The value, a whole number of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SpecError(f"{what} is {shown(value)}, must be a whole number, {least} or more")
    return value


def number(value: object, what: str) -> float:
    """The value, a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise SpecError(f"{what} is {shown(value)}, must be a finite number")
    return value


def number_or_none(value: object, what: str) -> float | None:
    """The value, a finite number or None."""
    return None if value is None else number(value, what)


def floats(value: object, what: str) -> tuple[float, ...]:
    """The value, an array of finite numbers."""
    return tuple(float(number(item, what)) for item in entries(value, what))


def texts(value: object, what: str) -> tuple[str, ...]:
    """The value, an array of texts."""
    return tuple(text(item, what) for item in entries(value, what))


def text(value: object, what: str) -> str:
    """The value, a text."""
    if not isinstance(value, str):
        raise SpecError(f"{what} is {shown(value)}, must be a text")
    return value


def flag(value: object, what: str) -> bool:
    """The value, true or false."""
    if not isinstance(value, bool):
        raise SpecError(f"{what} is {shown(value)}, must be True or False")
    return value


def one_of(value: object, what: str, known: Collection[str]) -> str:
    """The value, one of several texts."""
    if text(value, what) not in known:
        raise SpecError(f"{what} is {shown(value)}, must be {' or '.join(known)}")
    return text(value, what)


def only(data: dict[str, Any], known: set[str], what: str) -> None:
    """SpecError unless `data` has the names in `known` and no others."""
    if lacking := known - set(data):
        raise SpecError(f"{what} lacks {', '.join(sorted(lacking))}")
    if odd := set(data) - known:
        raise SpecError(f"{what} has {shown(sorted(odd)[0])}, must have {', '.join(sorted(known))} only")


def shown(value: object) -> str:
    """A value of any size and depth in a few characters."""
    shown = reprlib.repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}..."


def a_path(value: object, what: str) -> Path:
    """A path that is given as a text or as one; SpecError for anything else."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise SpecError(f"{what} is given as {shown(value)}, must be the path of a file")
    return Path(os.fspath(value))
