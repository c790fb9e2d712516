"""gather: the pictures, or recordings, that names stand for: files, folders with all in them, patterns as `*.png`."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from linocut.data.scan import Scan, is_file, is_picture, odd, scan
from linocut.data.sound_names import is_recording
from linocut.errors import DataError
from linocut.files import expanded


@dataclass(frozen=True)
class Kind:
    """What is looked for in folders: its name, and whether a file is called as it is."""

    name: str
    wanted: Callable[[os.DirEntry[str]], bool]


PICTURES = Kind("picture", is_picture)
RECORDINGS = Kind("recording", lambda item: is_recording(item.name) and is_file(item))


def find_pictures(
    *names: str | os.PathLike[str], note: Callable[[str], None] = lambda line: None, kind: Kind = PICTURES
) -> list[Path]:
    """The pictures that names stand for, in the order of the names.

    A folder stands for the pictures in it and in folders below, sorted, known by their suffixes; what is hidden is
    passed over. A name that is none of a file and has *, ? or [ is a pattern, whose ** goes through folders. Any other
    is taken for a file, whatever it is called. `note` is told what was left out. Of another `kind` the same holds.
    DataError for folders and patterns that stand for none.
    """
    found: list[Path] = []
    for name in names:
        path = expanded(name)
        if os.path.isdir(path):
            found += _below(path, note, kind)
        elif glob.has_magic(os.fspath(path)) and not os.path.lexists(path):
            found += _matching(path, note, kind)
        else:
            found.append(path)
    return found


def _below(folder: Path, note: Callable[[str], None], kind: Kind) -> list[Path]:
    seen = scan(folder, kind.wanted)
    for line in _left_out(folder, seen, kind):
        note(line)
    if not seen.paths:
        others = f", but other files: {seen.kinds()}" if seen.others else ""
        raise DataError(f"{folder} holds no {kind.name}s{others}; give a folder of {kind.name}s, or files")
    return [folder / path for path in sorted(seen.paths)]


def _left_out(folder: Path, seen: Scan, kind: Kind) -> list[str]:
    count, name = seen.others.total(), kind.name
    files = f"1 file that is not called as a {name} is" if count == 1 else f"{count:,} files not called as {name}s are"
    left = [f"{folder}: left out {files}: {seen.kinds()}"] if count else []
    return left + odd(seen.odd)


def _matching(pattern: Path, note: Callable[[str], None], kind: Kind) -> list[Path]:
    paths = [Path(path) for path in sorted(glob.glob(os.fspath(pattern), recursive=True))]
    files = [path for path in paths if not os.path.isdir(path)]
    if files:  # folders that match beside them hold what ** matches itself, or were not meant
        return files
    if not paths:
        raise DataError(f"{pattern} does not exist, and as a pattern matches nothing; check the path")
    return [picture for folder in paths for picture in _below(folder, note, kind)]
