"""Accuracies of cells from a user's file: NASBench-101's TFRecord, CSV, or JSON.

cell,accuracy            {"1523787:45": 0.9383, ...}      or a list of objects with module_adjacency,
1523787:45,0.9383                                         module_operations and accuracy
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linocut.errors import DataError, SpecError, one_line
from linocut.fields import a_path
from linocut.files import read_small
from linocut.json_text import parsed
from linocut.networks.nasbench.cell import Cell, as_array, kept
from linocut.networks.nasbench.enumeration import indices
from linocut.networks.nasbench.published import trainings
from linocut.networks.nasbench.read import read_cell
from linocut.networks.nasbench.sizes import parameters
from linocut.ops.bits import Array

MOST_BYTES = 1 << 28  # of a text file
CELL, ACCURACY = "cell", "accuracy"
MEND = "give nasbench_only108.tfrecord, a CSV file with the columns cell and accuracy, or JSON of cells to accuracies"


@dataclass(frozen=True)
class Accuracies:
    """The places of cells in the enumeration, without repeats and in order, and their accuracies: (n,) both.

    Accuracies are parts of one, means where a cell was trained several times. `trainings` counts those.
    """

    cells: Array
    accuracy: Array
    trainings: int


def read_accuracies(path: str | Path) -> Accuracies:
    """The accuracies in a file; DataError, naming the file, the place and the mend, for one that is damaged or none."""
    where = a_path(path, "a file of accuracies")
    if where.suffix == ".tfrecord":
        return _of_tfrecord(where)
    pairs = list(_of_csv(where) if where.suffix == ".csv" else _of_json(where))
    if not pairs:
        raise DataError(f"{where} has no accuracies; {MEND}")
    return _joined(as_array([cell for cell, _ in pairs]), np.array([accuracy for _, accuracy in pairs]))


def _of_tfrecord(path: Path) -> Accuracies:
    found = [(one.cell, one.test, one.parameters) for one in trainings(path)]
    if not found:
        raise DataError(f"{path} has no trainings of 108 epochs; {MEND}")
    cells = as_array([cell for cell, _, _ in found])
    told = np.array([count for _, _, count in found])
    counted = parameters(cells)
    if (odd := np.flatnonzero((counted != told) & (parameters(kept(cells)) != told))).size:
        first = odd[0]
        raise DataError(
            f"{path}: training {first:,} is of {told[first]:,} parameters, its cell {found[first][0]} has "
            f"{counted[first]:,}; the file is of other networks"
        )
    return _joined(cells, np.array([accuracy for _, accuracy, _ in found]))


def _joined(cells: NDArray[np.void], accuracy: Array) -> Accuracies:
    places, which = np.unique(indices(kept(cells)), return_inverse=True)
    sums = np.bincount(which, weights=accuracy, minlength=len(places))
    return Accuracies(places, sums / np.bincount(which, minlength=len(places)), len(cells))


def _text(path: Path) -> str:
    data = read_small(path, MOST_BYTES, "all accuracies in CSV never are", MEND, DataError)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is neither .tfrecord, .csv nor text; {MEND}") from None


def _of_csv(path: Path) -> Iterator[tuple[Cell, float]]:
    try:
        head, *rows = list(csv.reader(_text(path).splitlines())) or [[]]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV: {one_line(error)}; {MEND}") from None
    names = [name.strip() for name in head]
    for name in (CELL, ACCURACY):
        if names.count(name) > 1:
            raise DataError(f"{path} has the column {name} {names.count(name)} times, must have it once; take one out")
        if name not in names:
            raise DataError(f"{path} has the columns {one_line(', '.join(names), 80) or 'none'}, lacks {name}; {MEND}")
    at, of = names.index(CELL), names.index(ACCURACY)
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(names):
            raise DataError(f"{path}, line {number}: {len(row)} cells, there are {len(names)} columns; mend the line")
        yield _pair(f"{path}, line {number}", row[at], row[of], (str,))


def _of_json(path: Path) -> Iterator[tuple[Cell, float]]:
    text = _text(path)
    try:
        given = parsed(text, once=True)
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is not JSON: {one_line(error)}; {MEND}") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else one_line(error)
        raise DataError(f"{path} is not JSON of accuracies: {why}; {MEND}") from None
    if isinstance(given, dict):
        for name, accuracy in given.items():
            yield _pair(f"{path}, {one_line(name, 40)}", name, accuracy, (int, float))
    elif isinstance(given, list):
        for number, one in enumerate(given):
            if not isinstance(one, dict) or ACCURACY not in one:
                raise DataError(f"{path}, entry {number}: has no accuracy; {MEND}")
            described = {name: value for name, value in one.items() if name != ACCURACY}
            yield _pair(f"{path}, entry {number}", described.get(CELL, described), one[ACCURACY], (int, float))
    else:
        raise DataError(f"{path} is no table of accuracies; {MEND}")


def _pair(where: str, cell: str | Mapping[str, Any], accuracy: Any, types: tuple[type, ...]) -> tuple[Cell, float]:
    """A cell and its accuracy, which is of one of the types."""
    try:
        value = float(accuracy) if type(accuracy) in types else -1.0
    except (ValueError, OverflowError):
        value = -1.0
    if not 0 <= value <= 1:
        raise DataError(f"{where}: accuracy is {one_line(repr(accuracy), 40)}, must be a part of one, from 0 to 1")
    try:
        return read_cell(cell), value
    except SpecError as error:
        raise DataError(f"{where}: {one_line(error)}") from None
