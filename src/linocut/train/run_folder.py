"""RunFolder: the files that a run leaves: config.toml, log.jsonl, checkpoint.safetensors and model.safetensors.

The checkpoint is the authority: it is the first of a new folder, so that the others never lie there without one, and
says which part of the log is the run's history.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from linocut.errors import LinocutError, RunError, SpecError
from linocut.export import packed
from linocut.files import extended, is_special, remove_parts, replacing, write_text
from linocut.graph.inference import InferenceGraph
from linocut.run import Session
from linocut.tensor_file import TensorFile
from linocut.train import checkpoint, run_log
from linocut.train.checkpoint import Checkpoint
from linocut.train.choosing import Choosing
from linocut.train.lock import Lock

Stamp: TypeAlias = tuple[int, int, int]
NO_RUN: Stamp = (0, 0, 0)
CHECKPOINT = "checkpoint.safetensors"
FILES = ("config.toml", run_log.NAME, CHECKPOINT, packed.NAME)
_NO_UTF_8 = re.compile("[\ud800-\udfff]")  # bytes of a path that mean no character, which TOML does not take


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run; `lock` is what is held of one that is claimed, which alone may be written."""

    path: Path
    lock: Lock | None = None

    @property
    def place(self) -> Path:
        """Where it is, whatever it was called by; also of links that lead in a circle."""
        return Path(os.path.realpath(self.path))

    @property
    def holds_run(self) -> bool:
        """Whether a checkpoint lies in it."""
        return os.path.isfile(self.path / CHECKPOINT)

    @property
    def stamp(self) -> Stamp:
        """What tells its checkpoint from one that is written later."""
        try:
            found = (self.path / CHECKPOINT).stat()
        except OSError:
            return NO_RUN
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> tuple[Checkpoint, TensorFile]:
        """The checkpoint, its history read from the log; RunError where there is none that can be used."""
        if not self.holds_run:
            raise RunError(f"{self.path} holds no run: it has no {CHECKPOINT}; check the folder")
        kept, file = checkpoint.read(self.path / CHECKPOINT)
        if kept.log is not None:
            log = self.path / run_log.NAME
            history = run_log.history(log, kept.log)
            try:
                kept.recall(history or [])
            except SpecError as error:
                raise RunError(f"{log} is not that of the checkpoint: {error}; {run_log.MEND}") from None
            if history is None:
                kept = replace(kept, log=None)
        return kept, file

    def refuse_other(self) -> None:
        """RunError if the folder holds a run, or files of the names that a run writes: nothing of others is lost.

        A run is only written over by the run that was resumed from it.
        """
        if not self.holds_run:
            for name in FILES:
                if os.path.lexists(self.path / name):
                    raise RunError(
                        f"{self.path} holds a {name} that belongs to no run that could be resumed; "
                        "move it away, or give another folder"
                    )
            return
        try:
            found, _ = self.read()
            what = f"of network {found.settings.network.name} on {found.data} at {found.progress}"
        except LinocutError as error:
            what = f"that cannot be read ({error})"
        raise RunError(
            f"{self.path} already holds a run {what}; resume it (--resume, Trainer.resume), or give another folder"
        )

    def describe(self, kept: Checkpoint) -> None:
        """Write config.toml, for people; MachineError where the disk will not."""
        import tomli_w

        self._check()
        write_text(self.path / "config.toml", _NO_UTF_8.sub(_as_hex, tomli_w.dumps(_config(kept))))

    def abandon(self) -> None:
        """Remove what a run wrote that failed before it came to anything, so that it can be begun again."""
        self._check()
        for name in sorted(FILES, key=CHECKPOINT.__eq__):  # the checkpoint last: without it the others stop a new run
            with suppress(OSError):  # not there
                (self.path / name).unlink()

    @contextmanager
    def claimed(self, own: Stamp | None) -> Iterator[RunFolder]:
        """A block in which this process alone writes the folder; what a killed one was writing is removed first.

        Gives the folder as it may be written: RunError when it is no longer the same, or in a child of the process.

        `own` is the stamp of the run that goes on in it, None for a new one. RunError where another process writes
        the folder or has written it since, and where a new run would be written over another's: see `refuse_other`.
        """
        with Lock(self.path) as lock:
            if own is None:
                self.refuse_other()
            elif self.holds_run and self.stamp != own:
                raise RunError(f"{self.path} was written by another process since it was read; resume it again")
            for name in FILES:
                path = self.path / name
                if os.path.isdir(path) or is_special(path):
                    what = "a folder" if os.path.isdir(path) else "no plain file"
                    raise RunError(f"{path} is {what}, must be a file of the run; move it away")
                remove_parts(path)
            yield RunFolder(self.path, lock)

    def _check(self) -> None:
        assert self.lock is not None, f"{self.path} is written without having been claimed"
        self.lock.check()

    def save_checkpoint(self, kept: Checkpoint, session: Session) -> None:
        """Write where the run has come to, whole or not at all; MachineError where the disk will not."""
        self._check()
        kept.save(self.path / CHECKPOINT, session)

    def save_model(self, kept: Checkpoint, graph: InferenceGraph) -> None:
        """Write what others predict with, like the checkpoint."""
        data = kept.data
        known = (data.classes, data.name, data.resizing, data.form) if data else ((), None, None, None)
        self._check()
        packed.save(self.path / packed.NAME, packed.PackedModel(graph, *known))

    def write_log(self, lines: bytes) -> None:
        """Write a log, whole or not at all; MachineError where the disk will not."""
        self._check()
        with replacing(self.path / run_log.NAME) as file:
            file.write(lines)

    def extend_log(self, mark: run_log.Mark, lines: bytes) -> bool:
        """Write lines behind the mark, in the place of what is there; False where the log is not so long, or another's.

        MachineError where the disk will not.
        """
        assert self.lock is not None
        self._check()
        return extended(self.path / run_log.NAME, self.lock.directory, mark.nbytes, lines)


def _as_hex(byte: re.Match[str]) -> str:
    return rf"\\x{ord(byte[0]) & 0xFF:02x}"


def _chosen(choosing: Choosing) -> dict[str, Any]:
    """What validation decides, where there is any."""
    on = choosing.validation
    if on is None:
        return {}
    patience = {} if choosing.patience is None else {"patience": choosing.patience}
    return {"validation": on.fraction or on.data.name, "keep": choosing.keep, **patience}


def _config(kept: Checkpoint) -> dict[str, Any]:
    config = kept.settings.to_dict()
    network = config.pop("network")
    own = ("batch_size", "micro_batch", "seed", "precise_norms")
    sizes = {name: config.pop(name) for name in own if name in config}
    every = {} if kept.save_every is None else {"save_every": kept.save_every}
    begun = {} if kept.source is None else {"from": kept.source}
    run = {"epochs": kept.progress.epochs, **sizes, **every, **_chosen(kept.choosing), **begun}
    data = {}
    if kept.data is not None:
        data = {"data": {"name": kept.data.name, "examples": kept.data.examples, "shape": list(kept.data.shape)}}
    return {"run": run, **data, **config, "network": network}
