"""A training that is kept in a run folder, and goes on there when it is asked for again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from linocut.errors import RunError
from linocut.train.run_folder import RunFolder
from linocut.train.settings import Settings
from linocut.train.trainer import Trainer


def kept_or_new(new: Trainer, out: Path | None, threads: int | None) -> Trainer:
    """The run that `out` holds, at its last checkpoint, or `new` where it holds none.

    RunError where the run is of other settings than `new`.
    """
    if out is None or not RunFolder(out).holds_run:
        return new
    kept = Trainer.resume(out, threads)
    if kept.settings != new.settings:
        names = [field.name for field in dataclasses.fields(Settings)]
        other = [name for name in names if getattr(kept.settings, name) != getattr(new.settings, name)]
        which = ", ".join(other).replace("_", " ")
        raise RunError(f"{out} holds a run of other settings ({which}); give another --out, or move it away")
    return kept
