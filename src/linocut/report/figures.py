"""Figures: matplotlib, loaded when a picture is asked for, and written with errors that name the mend."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from linocut.errors import SpecError
from linocut.files import replacing


def module(name: str) -> Any:
    """A module of matplotlib's, whose figures need no screen; SpecError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SpecError("--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'") from None


def save(figure: Any, path: Path) -> None:
    """Write a figure into a file, whole or not at all; its suffix decides on its form.

    SpecError for a suffix that is not known, and for what is there and is no file; MachineError where the file cannot
    be written.
    """
    target = Path(os.path.realpath(path))  # links stay what they are
    if os.path.lexists(target) and not os.path.isfile(target):
        raise SpecError(f"{path} is there, and no file to be written; move it away, or give another place")
    with replacing(target) as file:
        try:
            figure.savefig(file, format=path.suffix.removeprefix("."))
        except ValueError as error:
            raise SpecError(f"{path} cannot be drawn: {error}; give a name that ends in .png, .svg or .pdf") from None
