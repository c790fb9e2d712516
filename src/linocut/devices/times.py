"""Measured times in a CSV file: a row for each network on one device.

    model,ms,input,classes,precision,batch
    vgg16,296
    mine.toml,4.2,32x32x3,10,mixed

`model` and the time are asked for; the time's column is called by its unit, ms, us or s. `model` is a name or a file
that describes a network, from the folder of the CSV file.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linocut.devices.device import PRECISIONS
from linocut.devices.runnable import MOST_BATCH
from linocut.errors import DataError, LinocutError, SpecError, one_line
from linocut.files import read_small
from linocut.graph.network import Network

UNITS = {"ms": 1e-3, "us": 1e-6, "s": 1.0}
OPTIONAL = ("input", "classes", "precision", "batch")
LEAST_SECONDS, MOST_SECONDS = 1e-9, 1e6
MOST_BYTES = 2**22
MOST_ROWS = 10_000
MENDS = (
    "fill the column input, as in 32x32x3",
    "fill the column classes",
)  # of a network's file that leaves these open


@dataclass(frozen=True)
class Time:
    """A network, its precision (None: the device's) and batch, and how long a run of it took."""

    model: str
    network: Network
    seconds: float
    precision: str | None = None
    batch: int = 1


def read_times(path: Path) -> tuple[Time, ...]:
    """The times in a file; DataError, naming the file, the line and the mend, for one that is none.

    SpecError in a line, such as for an unknown model, becomes one.
    """
    data = read_small(path, MOST_BYTES, "a CSV of times never is", "give a CSV of times", DataError)
    try:
        lines = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no CSV: {one_line(error)}") from None
    head, *rows = [[cell.strip() for cell in line] for line in lines] or [[]]
    unit = _unit(path, head)
    if len(rows) > MOST_ROWS:
        raise DataError(f"{path} has {len(rows):,} rows, at most {MOST_ROWS:,} are fitted")
    found = []
    for number, row in enumerate(rows, start=2):
        if any(row):
            try:
                found.append(_time(path, head, unit, row))
            except LinocutError as error:
                raise DataError(f"{path}, line {number}: {one_line(error)}") from None
    return tuple(found)


def _unit(path: Path, head: Sequence[str]) -> str:
    """The column of times; DataError where columns are missing, unknown or there twice."""
    units = [name for name in head if name in UNITS]
    if "model" not in head or len(units) != 1:
        raise DataError(
            f"{path} has the columns {one_line(', '.join(head)) or 'none'}; must have model and one of "
            f"{', '.join(UNITS)}, called by its unit, as in model,ms"
        )
    for name in head:
        if name not in ("model", units[0], *OPTIONAL) or head.count(name) > 1:
            raise DataError(
                f"{path} has a column {name!r}, must have model, {units[0]} and if need be {', '.join(OPTIONAL)}, "
                "each once"
            )
    return units[0]


def _time(path: Path, head: Sequence[str], unit: str, row: Sequence[str]) -> Time:
    if len(row) > len(head):
        raise SpecError(f"has {len(row)} values, the head has {len(head)} columns")
    given = {name: value for name, value in zip(head, row, strict=False) if value}
    if "model" not in given:
        raise SpecError("names no model")
    seconds = _seconds(given.get(unit, ""), unit)
    precision = given.get("precision")
    if precision is not None and precision not in PRECISIONS:
        raise SpecError(f"precision is {precision!r}, must be one of {', '.join(PRECISIONS)}")
    batch = _count(given["batch"], "batch") if "batch" in given else 1
    if batch > MOST_BATCH:
        raise SpecError(f"batch is {batch:,}, must be at most {MOST_BATCH:,}")
    return Time(given["model"], _network(path, given), seconds, precision, batch)


def _network(path: Path, given: dict[str, str]) -> Network:
    from linocut import networks  # late: they are many files
    from linocut.networks.toml_file import read_network

    shape = tuple(_count(part, "input") for part in given["input"].lower().split("x")) if "input" in given else None
    classes = _count(given["classes"], "classes") if "classes" in given else None
    if given["model"].endswith(".toml"):
        return read_network(path.parent / given["model"], shape, classes, mends=MENDS)
    settings = {"input_shape": shape, "classes": classes}
    return networks.build(given["model"], **{name: value for name, value in settings.items() if value is not None})


def _seconds(text: str, unit: str) -> float:
    try:
        value = float(text) * UNITS[unit]
    except ValueError:
        value = math.nan
    if not LEAST_SECONDS <= value <= MOST_SECONDS:
        least, most = (bound / UNITS[unit] for bound in (LEAST_SECONDS, MOST_SECONDS))
        raise SpecError(
            f"{unit} is {text!r}, must be a number above 0, from {least:g} to {most:g}, in {unit} as the column says"
        )
    return value


def _count(text: str, what: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise SpecError(
            f"{what} is {text!r}, must be a whole number, 1 or more" + (", as in 32x32x3" * (what == "input"))
        )
    return int(text)
