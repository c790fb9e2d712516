"""A sweep as a file of NumPy arrays (.npz), for other programs, and to plot it without sweeping again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from linocut.data.npz_file import npz_names, read_npz
from linocut.devices.device import LONGEST_NAME
from linocut.devices.sweep import STREAMED, Sweep
from linocut.errors import DataError, SpecError, one_line
from linocut.files import replacing
from linocut.networks.nasbench import CELL, macs, parameters
from linocut.networks.nasbench.cell import checked
from linocut.ops.bits import Array

CELLS = ("V", "bits", "labels")
BY_DEVICE = {"ms": np.float64, "uj": np.float64, "streamed_bytes": np.int64}  # (cells, devices)
BY_CELL = {"weight_bytes": np.int64, "peak_bytes": np.int64}  # (cells,)
MOST_BYTES = 2**40  # of a network of a cell: far more than any has
LIMITS = {  # of each number of a sweep
    "ms": (1e-12, 1e30),
    "uj": (0, 1e30),
    "streamed_bytes": (0, MOST_BYTES),
    "weight_bytes": (1, MOST_BYTES),
    "peak_bytes": (1, MOST_BYTES),
}


def save(sweep: Sweep, path: Path) -> None:
    """Write its arrays, and parameters and MACs (cells,); MachineError where the disk will not."""
    arrays: dict[str, Array] = {name: sweep.cells[name] for name in CELLS}
    arrays |= {name: getattr(sweep, name) for name in (*BY_DEVICE, *BY_CELL)}
    arrays |= {"parameters": parameters(sweep.cells), "macs": macs(sweep.cells)}
    texts = {"devices": np.array(sweep.devices), "caching": np.array(sweep.caching)}
    if sweep.calibrated:
        texts["calibrated"] = np.array(sweep.calibrated)
    write(path, {**texts, **arrays})


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name into an .npz file, whole or not at all; MachineError where the disk will not."""
    savez: Any = np.savez  # whose other arguments have types of their own
    with replacing(path) as file:
        savez(file, **arrays)


def load(path: Path) -> Sweep:
    """The sweep in a file; DataError, naming it and what is wrong, for one that is none or damaged."""
    try:
        more = [name for name in npz_names(path) if name == "calibrated"]
        found = read_npz(path, ("devices", "caching", *more, *CELLS, *BY_DEVICE, *BY_CELL))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give the file of a sweep") from None
    devices, caching = found["devices"], found["caching"]
    if devices.dtype.kind != "U" or devices.ndim != 1 or caching.dtype.kind != "U" or caching.ndim:
        raise DataError(f"{path} does not say for which devices and caching it is; make it again")
    if str(caching) not in STREAMED:
        raise DataError(f"{path} has the caching {one_line(repr(str(caching)), 40)}, must be {' or '.join(STREAMED)}")
    count = len(found["V"]) if found["V"].ndim == 1 else 0
    expected: dict[str, tuple[tuple[int, ...], Any]] = {name: ((count,), CELL[name]) for name in CELLS}
    expected |= {name: ((count, len(devices)), np.dtype(kind)) for name, kind in BY_DEVICE.items()}
    expected |= {name: ((count,), np.dtype(kind)) for name, kind in BY_CELL.items()}
    for name, (shape, kind) in expected.items():
        if found[name].shape != shape or found[name].dtype != kind or not count:
            there = f"{found[name].dtype} {found[name].shape}"
            raise DataError(f"{path}: {name} is {there}, must be {kind} {shape} of one cell or more; make it again")
    cells = np.empty(count, CELL)
    for name in CELLS:
        cells[name] = found[name]
    arrays = {name: found[name] for name in (*BY_DEVICE, *BY_CELL)}
    named = tuple(map(str, devices.tolist()))
    calibrated = _texts(found["calibrated"]) if more else ()
    try:
        checked(cells)
        _check_names(named)
        _check_calibrated(calibrated, named)
        _check_values(arrays)
    except SpecError as error:
        raise DataError(f"{path}: {one_line(error)}; make it again: linocut nasbench sweep --out {path}") from None
    return Sweep(cells, named, str(caching), **arrays, calibrated=calibrated)


def _texts(array: Array) -> tuple[str, ...]:
    return tuple(map(str, array.tolist())) if array.dtype.kind == "U" and array.ndim == 1 else ("\n",)


def _check_calibrated(calibrated: tuple[str, ...], devices: tuple[str, ...]) -> None:
    """SpecError unless there is a text for each device, or none at all."""
    if calibrated and (len(calibrated) != len(devices) or not all(text.isprintable() for text in calibrated)):
        raise SpecError("it does not say in a line for each device on what that was calibrated")


def _check_names(devices: tuple[str, ...]) -> None:
    """SpecError for names that no devices have: pictures and tables show them."""
    for name in devices:
        if not name or not name.isprintable() or len(name) > LONGEST_NAME or devices.count(name) > 1:
            raise SpecError(f"a device is called {one_line(repr(name), 40)}, must have a name of its own on one line")
    if not devices:
        raise SpecError("it is of no device")


def _check_values(arrays: Mapping[str, Array]) -> None:
    """SpecError for the first number that no sweep comes to."""
    for name, values in arrays.items():
        least, most = LIMITS[name]
        if (odd := np.argwhere(~((values >= least) & (values <= most)))).size:  # NaN is in no range
            place = tuple(odd[0].tolist())
            raise SpecError(f"{name} of cell {place[0]:,} is {values[place]:g}, must be from {least:g} to {most:g}")
    odd = np.argwhere(arrays["streamed_bytes"] > arrays["weight_bytes"][:, None])
    if odd.size:
        raise SpecError(f"cell {odd[0][0]:,} streams more bytes than its weights have")
