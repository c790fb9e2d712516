"""Writing: a trainer's run folders: claimed, written after epochs and within them, given up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from linocut.errors import LinocutError, RunError
from linocut.graph.inference import InferenceGraph
from linocut.train.checkpoint import Checkpoint
from linocut.train.choosing import BEST
from linocut.train.events import Done, Planned
from linocut.train.finite import check_state
from linocut.train.kept_model import KeptModel
from linocut.train.ready import Ready
from linocut.train.run_folder import RunFolder, Stamp
from linocut.train.run_folders import RunFolders


class Writing:
    """`folder` is where the run lies, None where it was not written; `model` is that of the epoch that is kept."""

    def __init__(self, ready: Ready) -> None:
        """Nothing was written yet."""
        self.folder: Path | None = None
        self.model = KeptModel()
        self._ready, self._folders = ready, RunFolders()

    def lies_in(self, folder: RunFolder, stamp: Stamp, kept: Checkpoint) -> None:
        """The run is the one of that folder, as it was read there; RunError where its model is not."""
        self.folder = folder.path
        if not kept.progress.at_kept(kept.choosing.keep):
            assert kept.progress.best is not None
            self.model.lies_in(folder.place, kept.progress.best.epoch)
            self.model.check()
        self._folders.keep(folder, stamp, kept)

    @property
    def under_way(self) -> bool:
        """Whether a folder is claimed."""
        return self._folders.writing

    def at(self, folder: RunFolder) -> str:
        """Where the checkpoint there stands."""
        return self._folders.at(folder)

    def begun(self, folder: RunFolder) -> bool:
        """Whether the checkpoint there is of any step."""
        return self._folders.begun(folder)

    @contextmanager
    def claimed(self, out: str | os.PathLike[str] | None) -> Iterator[RunFolder | None]:
        """The folder to write, by default the run's, for this process alone.

        None where there is none; RunError if it holds a run that this one did not come from.
        """
        if out is not None and not os.fspath(out):
            raise RunError("the run folder has an empty name; give a path, for example runs/mine")
        path = self.folder if out is None else Path(out)
        if path is None:
            yield None
            return
        with self._folders.claimed(path) as folder:
            yield folder

    @contextmanager
    def abandoning(
        self, folder: RunFolder | None, failure: type[LinocutError], when: Callable[[RunFolder], bool]
    ) -> Iterator[None]:
        """A block whose failure means that the folder's run came to nothing, and is removed, if `when`."""
        try:
            yield
        except failure:
            if folder is not None and when(folder):
                folder.abandon()
                self._folders.forget(folder)
                self.folder = None
            raise

    def save(
        self,
        folder: RunFolder,
        kept: Checkpoint,
        trained: Callable[[], InferenceGraph],
        planned: Planned,
        *done: Done,
    ) -> None:
        """Write all of the run, of which `trained` gives what was learned by now.

        DivergenceError for a state that is not finite.
        """
        self._check(kept)
        model: Callable[[], InferenceGraph] | None = trained
        best = kept.progress.best if kept.choosing.keep == BEST else None
        if not kept.progress.at_kept(kept.choosing.keep):
            model = None if self.model.is_in(folder.place) else self.model.graph
        self._folders.save(folder, kept, self._ready.session, model, planned, *done)
        if model is not None and best is not None:
            self.model.lies_in(folder.place, best.epoch)

    def save_checkpoint(self, folder: RunFolder, kept: Checkpoint) -> None:
        """Write a checkpoint in the midst of an epoch; DivergenceError as that of `save`."""
        self._check(kept)
        self._folders.save_checkpoint(folder, kept, self._ready.session)

    def _check(self, kept: Checkpoint) -> None:
        check_state(self._ready.session, self._ready.compiled.layout, str(kept.progress))
