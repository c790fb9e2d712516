"""write_all: the files of an export, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from linocut.files import make_folder, write_text


def write_all(texts: Mapping[Path, str]) -> None:
    """Write files of text and the folder that they are in; MachineError where the disk will not.

    Then those that were not there before are gone again; each that was has its old text or its new one.
    """
    new = [path for path in texts if not path.exists()]
    for folder in {path.parent for path in texts}:
        make_folder(folder)
    try:
        for path, text in texts.items():
            write_text(path, text)
    except BaseException:
        for path in new:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise
