"""Asked: what whoever reproduces a paper wants of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from linocut.errors import DataError


@dataclass(frozen=True)
class Asked:
    """`quick` asks for short trainings in place of the paper's; `epochs` for so many, None for the usual number.

    Runs are kept below `out`, where they go on when asked for again; None keeps none. `kept_only`: nothing is trained,
    and what is kept is shown. `tell` gets a line for people on what is under way. DataError for a `data_dir` that is no
    folder.
    """

    quick: bool
    epochs: int | None
    out: Path | None
    data_dir: Path | None
    threads: int | None
    tell: Callable[[str], None]
    kept_only: bool = False

    def __post_init__(self) -> None:
        if self.data_dir is not None and not os.path.isdir(self.data_dir):
            raise DataError(f"data directory {self.data_dir} is not a folder; give one that holds data sets")
