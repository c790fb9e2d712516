"""Devices as TOML files: the fields of Device, and a table [energy] that names entries of energies.toml.

name = "mine"
kind = "systolic"
source = "its data sheet"
clock_hz = 500e6
bandwidth = 4e9
array = [32, 32]
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from linocut.devices.device import Device, InstructionLaw, Picojoules
from linocut.devices.energies import OWN, read_energies
from linocut.devices.kinds import check_fields
from linocut.devices.residual import Residual
from linocut.errors import SpecError, one_line, unknown_name
from linocut.toml_text import read_toml

WHOLE = ("cache_bytes", "pe_bytes", "core_bytes")  # which people write as 8e6 too
ENERGY = ("mac", "core", "pe", "dram", "energies")


def read_device(path: Path) -> Device:
    """The device in a file; SpecError, naming the file, the value, the bound and the mend, for one that is none."""
    described = read_toml(path, "a device")
    try:
        return device_of(described, path.parent)
    except SpecError as error:
        raise SpecError(f"{path}: {one_line(error)}") from None


def device_of(described: dict[str, Any], folder: Path) -> Device:
    """The device that a file in some folder describes; SpecError for what cannot be."""
    known = [field.name for field in dataclasses.fields(Device)]
    for name in described:
        if name not in known:
            raise unknown_name("field of a device", name, known)
    lacking = [f.name for f in dataclasses.fields(Device) if _required(f) and f.name not in described]
    if lacking:
        raise SpecError(f"the device lacks {', '.join(lacking)}; see docs/estimate.md")
    check_fields(described["kind"], described)
    settings = {name: _plain(name, value) for name, value in described.items()}
    if "energy" in settings:
        settings["energy"] = _energy(settings["energy"], folder)
    if "rates" in settings:
        settings["rates"] = _rates(settings["rates"])
    if "laws" in settings:
        settings["laws"] = _laws(settings["laws"])
    if "residual" in settings:
        settings["residual"] = _residual(settings["residual"])
    return Device(**settings)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _plain(name: str, value: Any) -> Any:
    return int(value) if name in WHOLE and isinstance(value, float) and value.is_integer() else value


def _energy(given: Any, folder: Path) -> Picojoules:
    """Names of operations and memories, of linocut's energies or of the file `energies`; or picojoules themselves."""
    if not isinstance(given, dict):
        raise SpecError(f"energy is {given!r}, must be a table [energy]")
    numbers = {field.name for field in dataclasses.fields(Picojoules)}
    if set(given) & (numbers - {"mac"}) or not isinstance(given.get("mac", ""), str):
        for name in given:
            if name not in numbers:
                raise unknown_name("field of [energy] in picojoules", name, sorted(numbers))
        return Picojoules(**given)
    for name, value in given.items():
        if name not in ENERGY:
            raise unknown_name("field of [energy]", name, ENERGY)
        if not isinstance(value, str):
            raise SpecError(f"{name} of [energy] is {value!r}, must be a text")
    energies = read_energies(folder / given["energies"] if "energies" in given else OWN)
    bytes_of = {f"{part}_byte": energies.of_byte(given[part]) for part in ("core", "pe", "dram") if part in given}
    mac = energies.of_operation(given["mac"]) if "mac" in given else 0.0
    return Picojoules(mac=mac, **bytes_of, source=energies.source)


def _laws(given: Any) -> tuple[InstructionLaw, ...]:
    names = {field.name for field in dataclasses.fields(InstructionLaw)}
    if not isinstance(given, list) or not all(isinstance(one, dict) and set(one) == names for one in given):
        raise SpecError(f"laws must be tables [[laws]] of {', '.join(sorted(names))}, as in machines/this.toml")
    return tuple(InstructionLaw(**one) for one in given)


def _residual(given: Any) -> Residual:
    names = {field.name for field in dataclasses.fields(Residual)}
    if not isinstance(given, dict) or set(given) != names:
        raise SpecError(f"residual must be a table of {', '.join(sorted(names))}, as --calibrate writes it")
    return Residual(**given)


def _rates(given: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(given, dict):
        raise SpecError(f"rates are {given!r}, must be a table [rates]")
    return tuple(given.items())
