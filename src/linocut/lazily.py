"""Names of a package that are imported when they are first used, so that importing the package costs little."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def names(
    package: str, homes: Mapping[str, Sequence[str]], modules: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """The `__getattr__` of a package.

    `homes` are names by the module that has them, `modules` are modules by name. AttributeError, with the names that
    there are, for any other.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def found(name: str) -> Any:
        if modules and name in modules:
            return import_module(modules[name])
        if name in home:
            return getattr(import_module(home[name]), name)
        there = ", ".join(import_module(package).__all__)
        raise AttributeError(f"module {package!r} has no attribute {name!r}; there are {there}")

    return found
