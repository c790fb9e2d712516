"""load: data sets by name, looked for in the usual places, or by the path of a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from linocut.data import idx
from linocut.data.cache import default_cache
from linocut.data.dataset import Dataset
from linocut.data.sources import SOURCES, Source
from linocut.errors import DataError

SYSTEM = Path("/usr/share/datasets")  # where Debian's dataset packages install


@dataclass(frozen=True)
class Available:
    """A data set known by name; `found` is where its files lie on this machine, None if they do not."""

    name: str
    description: str
    licence: str
    home: str
    files: tuple[str, ...]
    found: str | None


def load(
    name: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[Dataset, Dataset]:
    """The training and the test data of `name`: a name in `available()`, or the path of a folder.

    The files of a named data set are looked for in `data_dir`, `$LINOCUT_DATA`, the cache and
    /usr/share/datasets. A folder holds class folders of images (see folder.py), which `size` = (height,
    width) resizes, or the four files of MNIST's format. Raises DataError for an unknown name and for files
    that are missing or damaged.
    """
    text = os.fspath(name)
    is_path = not isinstance(name, str) or os.sep in text or text in (".", "..")
    if not is_path and (text == "digits" or text in SOURCES):
        if size is not None:
            raise DataError(f"size is {size[0]} x {size[1]}, but {text} has one size; give a size for folders only")
        if text == "digits":
            from linocut.data.digits import open_digits  # late: its imports cost memory

            return open_digits()
        return _load_source(SOURCES[text], data_dir)
    path = Path(text).expanduser()
    if text and path.is_dir():
        return _load_folder(path.resolve(), size)  # known by it: the same from wherever a run is resumed
    if is_path:
        raise DataError(f"{path} is not a folder; give a folder of class folders, or one of {', '.join(_names())}")
    raise DataError(
        f"unknown data set {text!r}{_meant(text)}; known are {', '.join(_names())}, or the path of a folder"
    )


def available(data_dir: str | os.PathLike[str] | None = None) -> list[Available]:
    """All data sets known by name, and where each was found."""
    inside = "inside the package"
    description = "handwritten digits, 8 x 8 grey, 10 classes, 1,500 + 297"
    home = "https://doi.org/10.24432/C50P49"
    records = [Available("digits", description, "CC BY 4.0", home, (), inside)]
    for source in SOURCES.values():
        found = next((str(folder) for folder in _folders(source, data_dir) if not source.missing(folder)), None)
        records.append(
            Available(source.name, source.description, source.licence, source.home, tuple(source.files), found)
        )
    return records


def _names() -> list[str]:
    return ["digits", *SOURCES]


def _meant(text: str) -> str:
    import difflib

    close = difflib.get_close_matches(text.lower(), _names(), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _load_folder(path: Path, size: tuple[int, int] | None) -> tuple[Dataset, Dataset]:
    lacking = idx.missing(path)
    if len(lacking) == len(idx.PARTS) * len(idx.KINDS):
        from linocut.data.folder import open_folder

        return open_folder(path, size)
    if lacking:
        raise DataError(f"{path} holds files of MNIST's format but lacks {', '.join(lacking)}; copy them there")
    if size is not None:
        raise DataError(
            f"size is {size[0]} x {size[1]}, but {path} has one size; give a size for folders of images only"
        )
    return idx.open_splits(path, name=str(path))


def _load_source(source: Source, data_dir: str | os.PathLike[str] | None) -> tuple[Dataset, Dataset]:
    if data_dir is not None and not os.path.isdir(Path(data_dir).expanduser()):
        raise DataError(f"data directory {os.fspath(data_dir)} is not a folder; give one that holds {source.name}")
    folders = _folders(source, data_dir)
    for folder in folders:
        if not source.missing(folder):
            return source.open(folder)
    nearest = min(folders, key=lambda folder: len(source.missing(folder)))
    lacking = source.missing(nearest)
    partly = f" (all others are in {nearest})" if len(lacking) < len(source.files) else ""
    places = ", ".join(dict.fromkeys(str(place) for place in _places(data_dir)))
    hint = f", or {source.hint}" if source.hint else ""
    raise DataError(
        f"{source.name} is not on this machine: {', '.join(lacking)} not found{partly}; "
        f"sought in {places} and in {' or '.join(source.folders)} below; get them "
        f"with: linocut data get {source.name}, or copy them to {default_cache() / source.name}{hint}"
    )


def _places(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    named = [os.fspath(data_dir) if data_dir is not None else "", os.environ.get("LINOCUT_DATA", "")]
    return [*(Path(place).expanduser() for place in named if place), default_cache(), SYSTEM]


def _folders(source: Source, data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """The folders that may hold the files, best first; not the place itself if another data set's."""
    folders = []
    for place in _places(data_dir):
        folders += [place / below for below in source.folders]
        others = {folder for other in SOURCES.values() if other is not source for folder in other.folders}
        if not any(place.parts[-len(Path(other).parts) :] == Path(other).parts for other in others):
            folders.append(place)
    return folders
