"""The devices that linocut knows: a TOML file each, by their names, and files of users."""

from __future__ import annotations

from pathlib import Path

from linocut.devices.device import Device
from linocut.devices.kinds import EDGE_TPU, ENGINE, SYSTOLIC
from linocut.devices.read import read_device
from linocut.errors import SpecError, unknown_name
from linocut.fields import shown

DEVICES = {path.stem: path for path in sorted(Path(__file__).with_name("machines").glob("*.toml"))}


def names() -> tuple[str, ...]:
    """The devices that linocut brings, in the order of their names."""
    return tuple(DEVICES)


def accelerators() -> tuple[str, ...]:
    """Those of them that run 8-bit products in arrays or grids of multipliers."""
    return tuple(name for name, path in DEVICES.items() if read_device(path).kind in (EDGE_TPU, SYSTOLIC))


def load(device: str | Path) -> Device:
    """The device of a name, or in a file that ends in .toml; SpecError for an unknown one, with the nearest name.

    Of an engine without rates, such as `this`, linocut on this machine, peaks and bandwidth are measured meanwhile, in
    half a second.
    """
    found = described(device)
    if found.kind != ENGINE or found.rates:
        return found
    from linocut.devices.engine import measured  # late: it runs the native core

    return measured(found)


def described(device: str | Path) -> Device:
    """The same as it is described, with nothing measured."""
    if isinstance(device, Path) or str(device).endswith(".toml"):
        return read_device(Path(device))
    if not isinstance(device, str):
        raise SpecError(f"a device is given as {shown(device)}, must be a name, a TOML file, or a Device")
    check_name(device)
    return read_device(DEVICES[device])


def check_name(device: str) -> None:
    """SpecError unless it is the name of a device, or that of a TOML file."""
    if not str(device).endswith(".toml") and device not in DEVICES:
        raise unknown_name("device", device, (*DEVICES, "a file FILE.toml"))
