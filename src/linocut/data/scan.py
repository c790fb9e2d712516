"""scan: which pictures lie below a class folder, and which files are left out because their names are no pictures'."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from linocut.errors import DataError

SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
        *(".pbm", ".pgm", ".ppm", ".pnm"),
    )
)
MORE_SUFFIXES = {".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF"}  # where Pillow decodes them
MOST_SUFFIXES = 5  # named in a line


@dataclass
class Scan:
    """The pictures of folders: `paths` below each, how many are `below` folders in it; the suffixes of other files.

    `odd` are the paths of what is neither file nor folder.
    """

    paths: list[str] = field(default_factory=list)
    below: int = 0
    others: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    def add(self, other: Scan) -> None:
        """Count another's in; its paths are not."""
        self.below += other.below
        self.others += other.others
        self.odd += other.odd

    def notes(self) -> Iterator[str]:
        """What is worth a line."""
        if self.below:
            yield f"{self.below:,} images are from folders below class folders, of which they are taken to be"
        if count := self.others.total():
            yield f"left out {count:,} files of class folders that are not called as images are: {self.kinds()}"
        yield from odd(self.odd)

    def kinds(self) -> str:
        """The suffixes of other files, the most frequent first, and how images among them could be read."""
        kinds = self.others.most_common(MOST_SUFFIXES)
        more = ", and others" if len(self.others) > len(kinds) else ""
        return ", ".join(f"{count:,} {suffix or 'without a suffix'}{_why(suffix)}" for suffix, count in kinds) + more


def _why(suffix: str) -> str:
    form = MORE_SUFFIXES.get(suffix)
    if form is None:
        return ""
    return " (install pillow-heif to read them)" if form == "HEIF" else " (a newer Pillow reads them)"


def scan(folder: Path, wanted: Callable[[os.DirEntry[str]], bool] | None = None) -> Scan:
    """All pictures, or files that are `wanted`, below a folder; hidden files and folders are passed over.

    DataError where it cannot be read.
    """
    found, wanted = Scan(), wanted or is_picture
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        for item in sorted(items(folder / inner), key=lambda item: item.name):
            path = f"{inner}{item.name}"
            if is_folder(item):
                stat = item.stat()
                if (stat.st_dev, stat.st_ino) not in seen:  # links may lead round in a circle
                    seen.add((stat.st_dev, stat.st_ino))
                    waiting.append(f"{path}/")
            elif wanted(item):
                found.paths.append(path)
                found.below += bool(inner)
            elif is_file(item):
                found.others[os.path.splitext(item.name)[1].lower()] += 1
            else:
                found.odd.append(str(folder / path))
    return found


def is_picture(item: os.DirEntry[str]) -> bool:
    """Whether a file is called as a picture that can be read."""
    suffix = os.path.splitext(item.name)[1].lower()
    return (suffix in SUFFIXES or _is_decoded(suffix)) and is_file(item)


def _is_decoded(suffix: str) -> bool:
    """Whether files so called are pictures that Pillow decodes on this machine, though not on each."""
    if suffix not in MORE_SUFFIXES:
        return False
    from linocut.data.images import decodes  # late: names alone do not need it

    return decodes(MORE_SUFFIXES[suffix])


def is_file(item: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one; links to themselves are none."""
    return os.path.isfile(item.path) if item.is_symlink() else item.is_file()


def is_folder(item: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; links to themselves are none."""
    return os.path.isdir(item.path) if item.is_symlink() else item.is_dir()


def folders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted."""
    return sorted(item.name for item in items(folder) if is_folder(item))


def odd(paths: list[str]) -> list[str]:
    """The line on what is neither file nor folder, where there is any."""
    if not paths:
        return []
    return [f"left out {len(paths):,} that are no files, as links that lead nowhere or pipes, such as {paths[0]}"]


def items(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, but for what is hidden; DataError where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return [item for item in found if not item.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}; check its permissions") from None
