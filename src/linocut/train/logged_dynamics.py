"""What the log of a run that was trained with `dynamics` tells of its layers."""

from __future__ import annotations

import os
from pathlib import Path

from linocut import fields
from linocut.dynamics.history import History
from linocut.dynamics.layer import layers_of
from linocut.errors import RunError, one_line
from linocut.files import open_plain
from linocut.json_text import parsed
from linocut.train import run_log
from linocut.train.logged import whole_lines


def read_dynamics(run: str | os.PathLike[str]) -> History:
    """The dynamics in a run folder's log; RunError where there is no log, it is damaged, or it has none."""
    path, history = Path(run) / run_log.NAME, History()
    try:
        with os.fdopen(open_plain(path), "rb") as file:
            for number, line in enumerate(whole_lines(file), start=1):
                event = fields.mapping(parsed(line.decode()), f"line {number}")
                layers = layers_of(event.get("dynamics"), f"line {number}")
                if layers is not None:
                    epoch = fields.whole(event["epoch"], f"line {number}: epoch", 1) if "epoch" in event else None
                    history.add(epoch, layers)
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{run} is not the folder of a run: it has no {run_log.NAME}; give what --out was") from None
    except (OSError, ValueError, RecursionError) as error:  # SpecError is a ValueError
        raise RunError(f"{path} cannot be read: {one_line(error)}; put it back as it was") from None
    if not history.epochs:
        raise RunError(f"{path} tells of no dynamics; train with --dynamics")
    return history
