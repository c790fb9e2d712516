"""Training: the Trainer, its events, checkpoints and run folders."""

from linocut.train.events import Done, EpochEnded, Event, Planned, Started, Stepped
from linocut.train.export import export_steps
from linocut.train.interrupts import Interrupted
from linocut.train.trainer import Trainer

__all__ = ["Done", "EpochEnded", "Event", "Interrupted", "Planned", "Started", "Stepped", "Trainer", "export_steps"]
