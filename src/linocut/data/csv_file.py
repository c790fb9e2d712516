"""read_csv: the columns of a CSV file, numbers and texts, each cell checked."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linocut.data.disk import open_readonly
from linocut.errors import DataError, MachineError, one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

DELIMITERS = ",;\t|"
MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
UNDERSCORES = re.compile(r"[+-]?\d+(_\d+)+(\.\d*)?")  # Python reads these as numbers, other tools do not
MOST_NAMED = 20  # columns, in a message


@dataclass(frozen=True)
class Columns:
    """Of n rows: numbers (n, columns), and the cells of columns of texts, by name."""

    numbers: NDArray[np.float64]
    texts: dict[str, list[str]]


def read_header(path: Path) -> tuple[str, ...]:
    """The names of the columns; DataError where the first line has none."""
    return next(_lines(path))[1]


def read_csv(path: Path, names: Sequence[str], texts: Sequence[str] = ()) -> Columns:
    """The columns `names` as numbers, and `texts` as they are; others are passed over.

    UTF-8, the first line names the columns; they are separated by commas, semicolons, tabs or |, whichever there are
    most of in it. DataError, with line and column, for a cell that is no finite number or an empty text, and for rows
    of other lengths.
    """
    lines = _lines(path)
    _, header = next(lines)
    for name in (*texts, *names):
        if name not in header:
            raise DataError(f"{path} has no column {name!r}; there are {named(header)}")
    at, of_texts = [header.index(name) for name in names], {name: header.index(name) for name in texts}
    numbers, found = array("d"), {name: list[str]() for name in texts}
    count = 0
    for line, cells in lines:
        if len(cells) != len(header):
            raise DataError(f"{path}, line {line:,} has {len(cells)} cells, must have {len(header)}; mend that line")
        for name, column in zip(names, at, strict=True):
            numbers.append(_number(cells[column], path, line, name))
        for name, column in of_texts.items():
            found[name].append(_text(cells[column], path, line, name))
        count += 1
    if not count:
        raise DataError(f"{path} holds no rows below its header; add examples")
    return Columns(np.frombuffer(numbers, np.float64).reshape(count, len(names)), found)


def named(names: Sequence[str]) -> str:
    """Names of columns, for a message."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return one_line(", ".join(names[:MOST_NAMED])) + more


def _lines(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The number of each line that is not empty, and its cells; the header first."""
    try:
        with open(open_readonly(path), encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), ())))
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            begun = False
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    row = tuple(cells)
                    yield reader.line_num, row if begun else _header(path, row)
                    begun = True
            if not begun:
                raise DataError(f"{path} is empty; give a table whose first line names its columns")
    except UnicodeDecodeError:
        raise DataError(f"{path} is no text in UTF-8; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {one_line(error)}; save it as CSV") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror}; check the disk") from None


def _header(path: Path, cells: Sequence[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    if all(_is_number(name) for name in names):
        raise DataError(
            f"{path} has no names of columns: its first line is numbers ({named(names)}); add a line with names"
        )
    for column, name in enumerate(names):
        if not name:
            raise DataError(
                f"{path}: column {column + 1} has no name; give it one, or leave it out (pandas: to_csv(index=False))"
            )
        if names.index(name) < column:
            raise DataError(f"{path} has two columns called {name!r}; rename one")
    return names


def _text(cell: str, path: Path, line: int, name: str) -> str:
    if text := cell.strip():
        return text
    raise DataError(f"{path}, line {line:,}: column {name!r} is empty; fill in a value, or leave out that row")


def _number(cell: str, path: Path, line: int, name: str) -> float:
    try:
        value = np.nan if "_" in cell else float(cell)
    except ValueError:
        value = np.nan
    if np.isfinite(value):
        return value
    where = f"{path}, line {line:,}: column {name!r}"
    if cell.strip().lower() in MISSING:
        raise DataError(f"{where} is {cell.strip()!r}, no number; fill in a value, or leave out that row or column")
    mend = "leave the column out, or make columns of 0 and 1 of its values (pandas: get_dummies)"
    if DECIMAL_COMMA.fullmatch(cell.strip()):
        mend = "write numbers with a point, as in 1.5"
    elif UNDERSCORES.fullmatch(cell.strip()):
        mend = "write numbers without underscores, as in 1000"
    raise DataError(f"{where} is {one_line(cell.strip(), 40)!r}, must be a finite number; {mend}")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
