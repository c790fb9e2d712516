"""What is known of machines, as data, and what a network costs on them: an own analytic model, never cycle accurate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import lazily

if TYPE_CHECKING:
    from linocut.devices.device import Device, Picojoules
    from linocut.devices.table import load, names

__all__ = ["Device", "Picojoules", "load", "names"]
_HOMES = {"linocut.devices.device": ("Device", "Picojoules"), "linocut.devices.table": ("load", "names")}
__getattr__ = lazily.names(__name__, _HOMES)
