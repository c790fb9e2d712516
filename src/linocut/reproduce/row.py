"""Row: a published figure beside linocut's, and how that was found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

How = Literal["measured", "modelled", "counted"]
MEASURED: How = "measured"  # a training or a process that ran
MODELLED: How = "modelled"  # an estimate, by constants that others measured
COUNTED: How = "counted"  # exact, from the network and its program


@dataclass(frozen=True)
class Row:
    """One figure of a table, in `unit`; `published` and `ours` are None where there is none.

    `published_as` says what the published figure is, for people: it may be of something else than ours.
    `how` ours was found is None where there is none; `command` finds it. `recorded` says where a measurement lies that
    was made before, and on which machine and commit: None of what was found just now. `seconds` are those of the steps
    of its training, None where none was for it. `series` is what rows of several tables are of, such as a network;
    `curve` the same figure by epoch, of a training. None of both elsewhere.
    """

    table: str
    row: str
    published: float | None
    ours: float | None
    unit: str
    how: How | None
    command: str
    recorded: str | None = None
    published_as: str | None = None
    seconds: float | None = None
    series: str | None = None
    curve: tuple[float, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut reproduce --json` prints."""
        return dataclasses.asdict(self)
