"""Figures: matplotlib, loaded when a picture is asked for, and written with errors that name the mend."""

from __future__ import annotations

import importlib
import io
import warnings
from pathlib import Path
from typing import Any

from linocut.errors import SpecError
from linocut.files import check_parent, check_place, replacing

PLOT = "--plot"  # what gives the path
MEND = "give a name that ends in .png, .svg or .pdf"


def module(name: str) -> Any:
    """A module of matplotlib's, whose figures need no screen; SpecError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SpecError("--plot needs matplotlib, which is not installed: pip install 'linocut[plot]'") from None


def check(path: Path) -> None:
    """Find out before long work whether a picture can be made; the errors are those of `save`, before it is drawn."""
    kinds = module("matplotlib.backend_bases").FigureCanvasBase.get_supported_filetypes()
    if path.suffix.removeprefix(".").lower() not in kinds:
        raise SpecError(f"{path} cannot be drawn: {_ending(path)} is no kind of picture; {MEND}")
    check_place(path, PLOT)
    check_parent(path)


def save(figure: Any, path: Path) -> None:
    """Write a figure into a file, whole or not at all; its suffix decides on its form.

    SpecError for a suffix that is not known, and for what is there and is no file; MachineError where the file cannot
    be written.
    """
    write(rendered(figure, path), path)


def rendered(figure: Any, path: Path) -> bytes:
    """The bytes of a figure in the form that the suffix of a path says; SpecError for a suffix that is not known."""
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of names in scripts that the font lacks: boxes stand there
        try:
            figure.savefig(drawn, format=path.suffix.removeprefix("."))
        except ValueError as error:
            raise SpecError(f"{path} cannot be drawn: {error}; {MEND}") from None
    return drawn.getvalue()


def write(drawn: bytes, path: Path) -> None:
    """Write what `rendered` gave into a file, whole or not at all; errors as those of `save`."""
    with replacing(check_place(path, PLOT)) as file:
        file.write(drawn)


def _ending(path: Path) -> str:
    return repr(path.suffix) if path.suffix else "a name without an ending"
