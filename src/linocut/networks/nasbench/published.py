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

from linocut.errors import DataError, one_line
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
            except ValueError as error:  # SpecErrors of cells are such
                raise DataError(
                    f"{path}: record {number:,} is none of NASBench-101's: {one_line(error, 120)}; give "
                    "nasbench_only108.tfrecord or nasbench_full.tfrecord"
                ) from None
            if found is not None:
                yield found
            number += 1


def _training(record: bytes, epochs: int, cells: dict[tuple[str, str], Cell]) -> Training | None:
    """None for one of another number of epochs; `cells` are those that were read before. ValueError for no training."""
    _, trained, matrix, operations, metrics = _parts(record)
    if trained != epochs:
        return None
    if (matrix, operations) not in cells:
        cells[matrix, operations] = read_cell({MATRIX: _rows(matrix), LABELS: operations.split(",")})
    fields = list(_fields(_decoded(metrics)))
    evaluations = [value for field, value in fields if field == EVALUATIONS]
    counts = [value for field, value in fields if field == PARAMETERS]
    if not evaluations or len(counts) != 1:
        raise ValueError("its metrics lack evaluations, or the number of parameters")
    last, (parameters,) = evaluations[-1], counts
    if not isinstance(last, bytes) or not isinstance(parameters, int):
        raise ValueError("its metrics are of other types")
    accuracies = {field: value for field, value in _fields(last) if field in (VALIDATION, TEST)}
    validation, test = (_accuracy(accuracies.get(field)) for field in (VALIDATION, TEST))
    return Training(cells[matrix, operations], validation, test, parameters)


def _parts(record: bytes) -> tuple[str, int, str, str, str]:
    """The five things of a record."""
    try:
        parts = parsed(record.decode())
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    types = (str, int, str, str, str)
    if not isinstance(parts, list) or [type(part) for part in parts] != [*types]:
        raise ValueError("it is no list of a hash, epochs, a matrix, operations and metrics")
    return parts[0], parts[1], parts[2], parts[3], parts[4]


def _rows(matrix: str) -> list[list[int]]:
    side = math.isqrt(len(matrix))
    if side * side != len(matrix):
        raise ValueError(f"its matrix has {len(matrix)} entries, which is no square")
    if set(matrix) - {"0", "1"}:
        raise ValueError("its matrix is not of 0 and 1")
    return [[int(digit) for digit in matrix[row * side : (row + 1) * side]] for row in range(side)]


def _decoded(metrics: str) -> bytes:
    try:
        return base64.b64decode(metrics, validate=True)
    except ValueError:
        raise ValueError("its metrics are not in base64") from None


def _accuracy(value: float | bytes | None) -> float:
    if value is None:
        raise ValueError("its last evaluation lacks an accuracy")
    if not isinstance(value, float) or not 0 <= value <= 1:
        raise ValueError(f"an accuracy is {value!r}, must be from 0 to 1")
    return value


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
            if place + 8 > len(data):
                raise ValueError(f"field {field} of its metrics is cut")
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
        if place >= len(data):
            raise ValueError("a number in its metrics is cut")
        byte = data[place]
        found |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return found, place
    raise ValueError("a number in its metrics has more than 64 bits")
