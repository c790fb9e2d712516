"""Figures: matplotlib, loaded when a picture is asked for, and written with errors that name the mend."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from linocut.errors import MachineError, SpecError


def module(name: str) -> Any:
    """A module of matplotlib's, whose figures need no screen; SpecError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SpecError("--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'") from None


def save(figure: Any, path: Path) -> None:
    """Write a figure into a file, whose suffix decides on its form.

    SpecError for a suffix that is not known, MachineError where the file cannot be written.
    """
    try:
        figure.savefig(path)
    except ValueError as error:
        raise SpecError(f"{path} cannot be drawn: {error}; give a name that ends in .png, .svg or .pdf") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}; give another place") from None
