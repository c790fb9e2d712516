"""RunFolders: which folders a trainer has read and written its run in, and which it is writing now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from linocut.graph.inference import InferenceGraph
from linocut.run import Session
from linocut.train import run_log
from linocut.train.checkpoint import Checkpoint
from linocut.train.events import Done, EpochEnded, Planned
from linocut.train.progress import Progress
from linocut.train.run_folder import RunFolder, Stamp
from linocut.train.run_log import Mark


@dataclass(frozen=True)
class _Kept:
    """The checkpoint in a folder, as it was last read or written: of any step or none, where it stands, and its log."""

    stamp: Stamp
    begun: bool
    at: str
    log: Mark | None  # None: there is none that goes on
    logged: int  # the epochs of the history that the log has come to


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

    def keep(self, folder: RunFolder, stamp: Stamp, kept: Checkpoint) -> None:
        """Note that the checkpoint there is this trainer's, with all that it came to in its log."""
        at = kept.progress
        self._kept[folder.place] = _Kept(stamp, at.begun, str(at), kept.log, at.epoch)

    def save_checkpoint(self, folder: RunFolder, kept: Checkpoint, session: Session) -> None:
        """Write a checkpoint in the midst of an epoch, of the log as it is."""
        before = self._kept[folder.place]
        self._save(folder, replace(kept, log=before.log), session, before.logged)

    def save(
        self,
        folder: RunFolder,
        kept: Checkpoint,
        session: Session,
        model: Callable[[], InferenceGraph] | None,
        planned: Planned,
        *done: Done,
    ) -> None:
        """Write the checkpoint, and what others read of the run: the log as far as `done`, and, unless None, the model.

        The model is made when the checkpoint is written, so that what of it is no view is there no longer than need be.
        """
        before, at = self._kept.get(folder.place), kept.progress
        mark = before.log if before else None
        more = run_log.lines_of(_since(at, before.logged)) if before else b""
        whole = b""
        if mark is not None and folder.extend_log(mark, more):
            mark = mark.after(more)
        else:
            whole = run_log.lines_of((planned, *at.history))
            mark = Mark().after(whole)
        if whole and before:
            folder.write_log(whole)
        self._save(folder, replace(kept, log=mark), session, at.epoch)
        if whole and not before:  # a log without a checkpoint would be of no run
            folder.write_log(whole)
        if model is not None:
            folder.save_model(kept, model())
        if done:
            folder.extend_log(mark, run_log.lines_of(done))

    def _save(self, folder: RunFolder, kept: Checkpoint, session: Session, logged: int) -> None:
        folder.save_checkpoint(kept, session)
        at = kept.progress
        self._kept[folder.place] = _Kept(folder.stamp, at.begun, str(at), kept.log, logged)

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


def _since(progress: Progress, epoch: int) -> list[EpochEnded]:
    """What the epochs after one came to."""
    later = progress.epoch - epoch
    return progress.history[-later:] if later else []
