"""CSV: a logger that writes a table, and the table of numbers that are at hand."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from linocut.errors import RunError, one_line
from linocut.files import unwritable, write_text
from linocut.train.events import EpochEnded, Event, to_json
from linocut.train.scalars import scalars


class CSV:
    """Writes the numbers of each epoch as a line of the file `path`, under the names that log.jsonl has for them.

    What is not known is empty. A run that is resumed goes on in its file: lines of later epochs that a killed run left
    are written over. RunError for a file with other columns, MachineError where it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Nothing is read or written before the first epoch has ended."""
        self._path = Path(path)
        self._last: int | None = None  # the epoch of the last line, where it is ours

    def __call__(self, event: Event) -> None:
        """Write what an epoch came to."""
        if not isinstance(event, EpochEnded):
            return
        row = scalars(to_json(event))
        try:
            if self._last is not None and event.epoch == self._last + 1:
                with open(self._path, "a", encoding="utf-8", newline="") as file:
                    file.write(csv_text(list(row), [row], head=False))
            else:
                write_text(self._path, csv_text(list(row), [*self._before(event.epoch, list(row)), row]))
        except (UnicodeDecodeError, csv.Error) as error:
            raise RunError(f"{self._path} is no table: {one_line(error)}; give another file") from None
        except OSError as error:
            message = f"{self._path} cannot be written: {error.strerror or error}"
            raise unwritable(error, message, "give another file") from None
        self._last = event.epoch

    def _before(self, epoch: int, columns: list[str]) -> list[dict[str, str]]:
        """The lines of earlier epochs that are there."""
        if not os.path.lexists(self._path):
            return []
        with open(self._path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restval="", strict=True)
            if list(reader.fieldnames or columns) != columns:
                raise RunError(
                    f"{self._path} has the columns {one_line(reader.fieldnames)}, must have {', '.join(columns)}; "
                    "give another file"
                )
            return [row for row in reader if row["epoch"].isdecimal() and int(row["epoch"]) < epoch]


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, str | float | None]], *, head: bool = True) -> str:
    """Rows as RFC 4180 has them but for the ends of lines, under the names of the columns."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    if head:
        writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
