"""Cells as people give them: bits:labels, NASBench's JSON of a matrix and its operations, or a file of that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from linocut.errors import SpecError, one_line, unknown_name
from linocut.files import read_small
from linocut.json_text import parsed
from linocut.networks.nasbench.cell import CELL, LEAST_VERTICES, MOST_VERTICES, OPERATIONS, Cell, cell_of, edge_slots

CellLike: TypeAlias = "Cell | np.void | str | Path | Mapping[str, Any]"

MATRIX, LABELS = "module_adjacency", "module_operations"
ENDS = ("input", "output")
PUBLISHED = {"conv3x3-bn-relu": 0, "conv1x1-bn-relu": 1, "maxpool3x3": 2}  # operations as NASBench-101 writes them
NAMES = {**{name: digit for digit, name in enumerate(OPERATIONS)}, **PUBLISHED}
MOST_BYTES = 1 << 16  # of a file of one cell
MEND = f'give bits:labels such as 1523787:45, or {{"{MATRIX}": [[0, 1, ...], ...], "{LABELS}": ["input", ...]}}'


def read_cell(given: CellLike) -> Cell:
    """A cell from a Cell, a row of an array of cells, bits:labels, or a matrix and operations, as JSON or in a file.

    Vertices of a matrix through which nothing goes from the input to the output are left out, as NASBench-101 does.
    SpecError, naming what is wrong and the mend, for what is no cell.
    """
    if isinstance(given, Cell):
        return given
    if isinstance(given, np.void) and given.dtype == CELL:
        return cell_of(given)
    if isinstance(given, Mapping):
        return _of_matrix(given)
    if not isinstance(given, (str, Path)):
        raise SpecError(f"a cell is given as {one_line(repr(given), 60)}; {MEND}")
    text = str(given).strip()
    if text.startswith(("{", "[")):
        return _of_json(text, "the cell")
    bits, colon, labels = text.partition(":")
    if bits.isdecimal() and (labels.isdecimal() if colon else True) and len(text) < 20:
        return _of_numbers(int(bits), int(labels or 0))
    if text.endswith(".json") or isinstance(given, Path) or "/" in text:
        return _of_json(_text_of(Path(given)), text)
    raise SpecError(f"{one_line(repr(text), 60)} is no cell; {MEND}, or a file of that whose name ends in .json")


def to_json(cell: CellLike) -> dict[str, Any]:
    """A cell as NASBench-101's API takes it: a matrix (V, V) of 0 and 1, and V operations; errors as read_cell's."""
    cell = read_cell(cell)
    matrix = [[int((x, y) in cell.edges) for y in range(cell.vertices)] for x in range(cell.vertices)]
    published = {digit: name for name, digit in PUBLISHED.items()}
    labels = [published[OPERATIONS.index(name)] for name in cell.operations]
    return {MATRIX: matrix, LABELS: [ENDS[0], *labels, ENDS[1]]}


def _of_numbers(bits: int, labels: int) -> Cell:
    for vertices in range(LEAST_VERTICES, MOST_VERTICES + 1):
        if bits < 1 << edge_slots(vertices):
            return Cell(vertices, bits, labels)
    raise SpecError(
        f"bits are {bits}, must be 1 to {(1 << edge_slots(MOST_VERTICES)) - 1}: a cell has 21 edges at most"
    )


def _text_of(path: Path) -> str:
    data = read_small(path, MOST_BYTES, "the file of a cell never is", MEND, SpecError, one_line(path))
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SpecError(f"{one_line(path)} is no text; {MEND}") from None


def _of_json(text: str, what: str) -> Cell:
    try:
        given = parsed(text, once=True)
    except json.JSONDecodeError as error:
        raise SpecError(f"{one_line(what, 60)} is not JSON: {one_line(error)}; {MEND}") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else one_line(error)
        raise SpecError(f"{one_line(what, 60)} is not JSON of a cell: {why}; {MEND}") from None
    if isinstance(given, list) and len(given) == 2:  # a matrix and its operations without names
        given = dict(zip((MATRIX, LABELS), given, strict=True))
    if not isinstance(given, dict):
        raise SpecError(f"{one_line(what, 60)} is {one_line(repr(given), 60)}, must be a matrix and operations; {MEND}")
    return _of_matrix(given)


def _of_matrix(given: Mapping[str, Any]) -> Cell:
    short = {"matrix": MATRIX, "ops": LABELS}
    found = {short.get(name, name): value for name, value in given.items()}
    for name in (MATRIX, LABELS):
        if name not in found:
            raise SpecError(
                f"a cell lacks {name}, it has {one_line(', '.join(map(str, given)), 60) or 'nothing'}; {MEND}"
            )
    matrix, labels = _matrix(found[MATRIX]), found[LABELS]
    if not isinstance(labels, (list, tuple)) or len(labels) != len(matrix):
        raise SpecError(f"{LABELS} must be a list of {len(matrix)} names, one for each row of {MATRIX}")
    if (labels[0], labels[-1]) != ENDS:
        raise SpecError(f"{LABELS} begin with {labels[0]!r} and end with {labels[-1]!r}, must be input and output")
    interior = [_digit(label) for label in labels[1:-1]]
    kept = _through(matrix)
    if not kept:
        raise SpecError("the matrix of a cell has no way from its input to its output; add edges")
    number = 0
    for vertex in kept[1:-1]:
        number = 3 * number + interior[vertex - 1]
    bits = 0
    for y, to in enumerate(kept):
        for x, begin in enumerate(kept[:y]):
            bits |= matrix[begin][to] << (x + y * (y - 1) // 2)
    return Cell(len(kept), bits, number)


def _matrix(given: Any) -> list[list[int]]:
    rows = given.tolist() if isinstance(given, np.ndarray) else given
    square = isinstance(rows, (list, tuple)) and all(
        isinstance(row, (list, tuple)) and len(row) == len(rows) for row in rows
    )
    if not square or not LEAST_VERTICES <= len(rows) <= MOST_VERTICES:
        raise SpecError(f"{MATRIX} must be a square of {LEAST_VERTICES} to {MOST_VERTICES} rows; {MEND}")
    for x, row in enumerate(rows):
        for y, entry in enumerate(row):
            if isinstance(entry, bool) or entry not in (0, 1):
                raise SpecError(f"{MATRIX} has {one_line(repr(entry), 30)} in row {x}, must be 0 or 1")
            if entry and y <= x:
                raise SpecError(f"{MATRIX} has an edge from {x} to {y}, must go from earlier vertices to later ones")
    return [[int(entry) for entry in row] for row in rows]


def _digit(label: object) -> int:
    if not isinstance(label, str) or label not in NAMES:
        raise unknown_name("operation of a cell", label, tuple(NAMES))
    return NAMES[label]


def _through(matrix: Sequence[Sequence[int]]) -> list[int]:
    """The vertices on a way from the first to the last, in order; none where there is no way."""
    count = len(matrix)
    forward, backward = {0}, {count - 1}
    for y in range(count):
        if any(matrix[x][y] for x in forward):
            forward.add(y)
    for x in reversed(range(count)):
        if any(matrix[x][y] for y in backward):
            backward.add(x)
    return sorted(forward & backward) if count - 1 in forward else []
