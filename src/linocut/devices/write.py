"""A device as a TOML file, which `read_device` reads back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from linocut.devices.device import Device, Picojoules
from linocut.files import write_text


def write_device(device: Device, path: Path) -> None:
    """Write a device; MachineError where the file cannot be written."""
    import tomli_w

    write_text(path, tomli_w.dumps(_described(device)))


def _described(device: Device) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(device):
        value = getattr(device, field.name)
        if value is None or value == field.default or value == Picojoules():
            continue
        if field.name == "rates":
            value = dict(value)
        elif field.name == "laws":
            value = [dataclasses.asdict(law) for law in value]
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)
        if value != {}:
            found[field.name] = value
    return found
