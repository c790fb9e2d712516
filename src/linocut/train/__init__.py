"""Training: the Trainer, its events, checkpoints and run folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.lazily import names
from linocut.train.events import Done, EpochEnded, Event, Planned, Started, Stepped
from linocut.train.interrupts import Interrupted
from linocut.train.trainer import Trainer

if TYPE_CHECKING:
    from linocut.train.export import export_steps
    from linocut.train.logged_dynamics import read_dynamics
    from linocut.train.packing import pack
    from linocut.train.pruned import prune
    from linocut.train.unpacking import unpack

__all__ = [
    "Done",
    "EpochEnded",
    "Event",
    "Interrupted",
    "Planned",
    "Started",
    "Stepped",
    "Trainer",
    "export_steps",
    "pack",
    "prune",
    "read_dynamics",
    "unpack",
]

__getattr__ = names(
    __name__,
    {
        "linocut.train.export": ("export_steps",),
        "linocut.train.logged_dynamics": ("read_dynamics",),
        "linocut.train.packing": ("pack",),
        "linocut.train.pruned": ("prune",),
        "linocut.train.unpacking": ("unpack",),
    },
)
