"""foreign: another product's library, imported when a logger is made for it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from linocut.errors import SpecError


def foreign(module: str, logger: str, install: str) -> Any:
    """The module; SpecError, with what to install, where it is not there."""
    try:
        return import_module(module)
    except ImportError as error:
        raise SpecError(f"{logger}() needs {module}, which is not installed ({error}): pip install {install}") from None
