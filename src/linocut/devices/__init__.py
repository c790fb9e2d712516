"""What is known of machines, as data, and what a network costs on them: an own analytic model, never cycle accurate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut import lazily

if TYPE_CHECKING:
    from linocut.devices.device import Device, Picojoules
    from linocut.devices.estimate import Training
    from linocut.devices.table import accelerators, load, names

__all__ = ["Device", "Picojoules", "Training", "accelerators", "load", "names"]
_HOMES = {
    "linocut.devices.device": ("Device", "Picojoules"),
    "linocut.devices.estimate": ("Training",),
    "linocut.devices.table": ("accelerators", "load", "names"),
}
__getattr__ = lazily.names(__name__, _HOMES)
