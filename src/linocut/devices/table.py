"""The devices that linocut knows: a TOML file each, by their names, and files of users."""

from __future__ import annotations

from pathlib import Path

from linocut.devices.device import Device
from linocut.devices.read import read_device
from linocut.errors import unknown_name

HOME = Path(__file__).with_name("machines")


def names() -> tuple[str, ...]:
    """The devices that linocut brings, in the order of their names."""
    return tuple(sorted(path.stem for path in HOME.glob("*.toml")))


def load(device: str | Path) -> Device:
    """The device of a name, or in a file that ends in .toml; SpecError for an unknown one, with the nearest name."""
    if isinstance(device, Path) or str(device).endswith(".toml"):
        return read_device(Path(device))
    check_name(device)
    return read_device(HOME / f"{device}.toml")


def check_name(device: str) -> None:
    """SpecError unless it is the name of a device, or that of a TOML file."""
    if not str(device).endswith(".toml") and device not in names():
        raise unknown_name("device", device, (*names(), "a file FILE.toml"))
