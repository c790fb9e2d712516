"""verilog: an engine in a folder, with its memories, a test bench and the frames that it is tested with."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from linocut.errors import SpecError
from linocut.files import expanded, make_folder, unwritable, write_text


def write_folder(folder: Path, texts: Mapping[str, str], force: bool) -> tuple[Path, ...]:
    """Write files by name into a folder, all or none: they are written beside it, and take its name at the end.

    With `force` the folder may be there, and is replaced whole. SpecError for what is there otherwise, MachineError or
    RunError where the disk will not.
    """
    target = check_folder(folder, force)
    new = make_folder(target.parent)
    part = ""
    try:
        part = tempfile.mkdtemp(prefix=f".{target.name[:50]}.", suffix=".part", dir=target.parent)
        os.chmod(part, 0o755)
        for name, text in texts.items():
            write_text(Path(part) / name, text)
        _take_name(Path(part), target)
    except BaseException as error:
        if part:
            shutil.rmtree(part, ignore_errors=True)
        for made in new:
            with suppress(OSError):
                made.rmdir()
        if type(error) is OSError or isinstance(error, (PermissionError, FileNotFoundError)):
            message = f"folder {folder} cannot be written: {error.strerror or error}"
            raise unwritable(error, message, "give another folder") from None
        raise
    return tuple(target / name for name in texts)


def check_folder(folder: Path, force: bool) -> Path:
    """Where a folder is to be written, behind links; SpecError unless it may be."""
    target = Path(os.path.realpath(expanded(folder)))
    if os.path.lexists(target):
        if not target.is_dir():
            raise SpecError(f"{folder} is a file, must be a folder; give another --out")
        held = sorted(target.iterdir())
        if held and not force:
            raise SpecError(f"{folder} exists already; give --force to replace it, or another --out")
        if held and not all(_is_ours(file) for file in held):
            raise SpecError(f"{folder} holds more than an engine, and is not replaced; give another --out")
    return target


def _is_ours(file: Path) -> bool:
    """Whether it is a file of an engine's folder, or what Verilator made of it."""
    return file.suffix in (".v", ".hex") or file.name in ("main.cpp", "obj_dir")


def _take_name(part: Path, target: Path) -> None:
    """Give what was written its name; what was there goes only when that is done."""
    if not target.exists():
        part.rename(target)
        return
    old = part.with_suffix(".old")
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
