"""Accuracies of nasbench_only108.tfrecord, as NASBench-101 publishes them: three trainings of each cell.

A record is JSON: [hash, epochs, matrix as 0 and 1 row by row, operations with commas, metrics in base64], the metrics a
protocol buffer (model_metrics.proto of google-research/nasbench): 1 evaluations, 2 trainable parameters; of an
evaluation 4 is the validation accuracy, 5 the test accuracy.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linocut.errors import DataError, SpecError, one_line
from linocut.json_text import parsed
from linocut.networks.nasbench.cell import Cell
from linocut.networks.nasbench.read import LABELS, MATRIX, read_cell
from linocut.networks.nasbench.tfrecord import records

EPOCHS = 108
EVALUATIONS, PARAMETERS, VALIDATION, TEST = 1, 2, 4, 5  # fields of the protocol buffers
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # their wire types


@dataclass(frozen=True)
class Training:
    """One training of a cell as it is written: its accuracies at the end, parts of one, and its parameters."""

    cell: Cell
    validation: float
    test: float
    parameters: int


def trainings(path: Path, epochs: int = EPOCHS) -> Iterator[Training]:
    """Those of so many epochs in a file; DataError, with the record, for one that is damaged or says something else."""
    number, cells = 0, dict[tuple[str, str], Cell]()
    for some in records(path):
        for record in some:
            try:
                found = _training(record, epochs, cells)
            except (ValueError, TypeError, KeyError, IndexError, RecursionError, struct.error, SpecError) as error:
                raise DataError(
                    f"{path}: record {number:,} is none of NASBench-101's: {one_line(error, 120)}; give "
                    "nasbench_only108.tfrecord or nasbench_full.tfrecord"
                ) from None
            if found is not None:
                yield found
            number += 1


def _training(record: bytes, epochs: int, cells: dict[tuple[str, str], Cell]) -> Training | None:
    """None for one of another number of epochs; `cells` are those that were read before."""
    _, trained, matrix, operations, metrics = parsed(record.decode())
    if trained != epochs:
        return None
    if (matrix, operations) not in cells:
        side = math.isqrt(len(matrix))
        rows = [[int(digit) for digit in matrix[row * side : (row + 1) * side]] for row in range(side)]
        if side * side != len(matrix):
            raise ValueError(f"its matrix has {len(matrix)} entries, which is no square")
        cells[matrix, operations] = read_cell({MATRIX: rows, LABELS: operations.split(",")})
    fields = list(_fields(base64.b64decode(metrics, validate=True)))
    last = [value for field, value in fields if field == EVALUATIONS][-1]
    (parameters,) = (value for field, value in fields if field == PARAMETERS)
    if not isinstance(last, bytes) or not isinstance(parameters, int):
        raise ValueError("its metrics are of other types")
    accuracies = {field: value for field, value in _fields(last) if field in (VALIDATION, TEST)}
    validation, test = accuracies[VALIDATION], accuracies[TEST]
    for value in (validation, test):
        if not isinstance(value, float) or not 0 <= value <= 1:
            raise ValueError(f"an accuracy is {value!r}, must be from 0 to 1")
    assert isinstance(validation, float) and isinstance(test, float)
    return Training(cells[matrix, operations], validation, test, parameters)


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The numbers and values of a protocol buffer's fields: whole numbers, 64-bit floats and bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        field, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(data, place)
            yield field, value
        elif kind == EIGHT_BYTES:
            yield field, struct.unpack_from("<d", data, place)[0]
            place += 8
        elif kind == BYTES:
            length, place = _varint(data, place)
            if place + length > len(data):
                raise ValueError(f"field {field} of its metrics is cut")
            yield field, data[place : place + length]
            place += length
        elif kind == FOUR_BYTES:
            place += 4
        else:
            raise ValueError(f"field {field} of its metrics has the unknown wire type {kind}")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A whole number in groups of seven bits, the lowest first, and the place behind it."""
    found = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        found |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return found, place
    raise ValueError("a number in its metrics has more than 64 bits")
