"""RunFolders: which folders a trainer has read and written its run in, and which it is writing now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from linocut.train.progress import Progress
from linocut.train.run_folder import RunFolder, Stamp


@dataclass(frozen=True)
class _Kept:
    """The checkpoint in a folder, as it was last read or written: whether it is of any step, and where it stands."""

    stamp: Stamp
    begun: bool
    at: str


class RunFolders:
    """By place, whatever name a folder is called by."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: dict[Path, _Kept] = {}
        self._claims: dict[Path, RunFolder] = {}

    @property
    def writing(self) -> bool:
        """Whether a folder is claimed."""
        return bool(self._claims)

    def keep(self, folder: RunFolder, stamp: Stamp, progress: Progress) -> None:
        """Note that the checkpoint there is this trainer's, and where it stands."""
        self._kept[folder.place] = _Kept(stamp, progress.begun, str(progress))

    def forget(self, folder: RunFolder) -> None:
        """What was there is removed."""
        self._kept.pop(folder.place, None)

    def begun(self, folder: RunFolder) -> bool:
        """Whether the checkpoint there is of any step."""
        return self._kept[folder.place].begun

    def at(self, folder: RunFolder) -> str:
        """Where the checkpoint there stands."""
        return self._kept[folder.place].at

    @contextmanager
    def claimed(self, path: Path) -> Iterator[RunFolder]:
        """The folder to write, for this process alone; RunError if it holds a run that this one did not come from."""
        folder = RunFolder(path)
        place = folder.place
        if place in self._claims:  # a callback saves the run that calls it
            yield self._claims[place]
            return
        kept = self._kept.get(place)
        with folder.claimed(kept.stamp if kept else None) as claimed:
            self._claims[place] = claimed
            try:
                yield claimed
            finally:
                del self._claims[place]
