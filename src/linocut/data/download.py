"""get: download the files of a data set from its public homes, checked against their published checksums."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from linocut.data.cache import default_cache
from linocut.data.recorded import RECORDED, RECORDED_HOME
from linocut.data.sources import SOURCES
from linocut.errors import DataError, MachineError
from linocut.files import expanded, unwritable

Progress = Callable[[str, int, int], None]
"""Called as a file arrives: its name, the bytes so far, the bytes in all (0 while unknown)."""

TIMEOUT_S = 30.0  # without any byte from the server


def get(name: str, cache_dir: str | os.PathLike[str] | None = None, progress: Progress | None = None) -> Path:
    """Download what is not there yet of the data set `name` below `cache_dir`, and return the folder of its files.

    Raises DataError for a name that cannot be downloaded, a wrong checksum and a folder that cannot be one,
    MachineError without a network or room.
    """
    folder = expanded(cache_dir) if cache_dir is not None else default_cache()
    source = SOURCES.get(name)
    if source is None:
        if name == "digits":
            raise DataError("digits are inside the package, nothing to download; use them with --data digits")
        if name in RECORDED:
            raise DataError(
                f"{name} is a repository, not an archive with a checksum; get it with: git clone {RECORDED_HOME}, and "
                "give the folder around it as --data-dir"
            )
        known = ", ".join(SOURCES)
        raise DataError(f"data set {name!r} cannot be downloaded, must be one of {known}; see: linocut data list")
    into = folder / source.folders[0]
    fetch(source.files, source.mirrors, into, progress)
    return into


def fetch(files: Mapping[str, str], mirrors: Sequence[str], folder: Path, progress: Progress | None = None) -> None:
    """Download each of `files` (name to "md5:...") from the first mirror that has it, whole or not at all."""
    import logging

    import pooch  # type: ignore[import-untyped]  # it has no types

    pooch.get_logger().setLevel(logging.ERROR)
    for file, checksum in files.items():
        faults: list[DataError | MachineError] = []
        for mirror in mirrors:
            fault = _fetch(mirror + file, file, checksum, folder, progress)
            if fault is None:
                break
            faults.append(fault)
        else:
            kind = DataError if any(isinstance(fault, DataError) for fault in faults) else MachineError
            raise kind(
                f"{file} cannot be downloaded: {'; '.join(map(str, faults))}; try again later, or copy it "
                f"to {folder} from another machine"
            )


def _fetch(
    url: str, file: str, checksum: str, folder: Path, progress: Progress | None
) -> DataError | MachineError | None:
    """Download one file; a fault of the server or of what it sent is returned, for another mirror to mend."""
    import pooch
    import requests

    if os.path.exists(folder / file) and not os.path.isfile(folder / file):  # a pipe would be waited for
        raise DataError(f"{folder / file} is no plain file; move it away, or give another folder")
    downloader = pooch.HTTPDownloader(
        progressbar=_Bar(file, progress) if progress else False,
        chunk_size=1 << 16,
        timeout=TIMEOUT_S,
        headers={"Accept-Encoding": "identity"},  # a server's own compression would hide the gzip
    )
    try:
        pooch.retrieve(url, known_hash=checksum, fname=file, path=folder, downloader=downloader)
    except requests.HTTPError as error:
        return MachineError(f"{url} answers {str(error).split(' for url')[0]}")
    except requests.RequestException as error:
        return MachineError(f"{url} cannot be reached ({type(error).__name__})")
    except OSError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error  # pooch's own text is long
        message = f"{file} cannot be written to {folder}: {cause.strerror or cause}"
        otherwise = "set XDG_CACHE_HOME, or give a --data-dir, that can be written"
        raise unwritable(cause, message, otherwise, DataError) from None
    except ValueError:
        return DataError(f"{url} does not have the checksum {checksum}")
    return None


class _Bar:
    """What pooch calls as bytes arrive, passed on to a Progress."""

    def __init__(self, file: str, progress: Progress) -> None:
        self.total = 0
        self._file = file
        self._progress = progress
        self._done = 0

    def update(self, count: int) -> None:
        self._done += count
        self._progress(self._file, min(self._done, self.total or self._done), self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        pass
