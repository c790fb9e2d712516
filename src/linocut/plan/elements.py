"""Rows of an account from counts of elements in formats, packed without padding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linocut.formats import find_format
from linocut.plan.account import Row


def row_of(role: str, form: str, elements: int, lifetime: str) -> Row:
    """So many elements in a format, to the next whole byte."""
    return Row(role, form, lifetime, -(-elements * find_format(form).bits // 8))


def rows_by_format(role: str, entries: Iterable[tuple[str, int]], lifetime: str) -> Iterator[Row]:
    """One row for each format, of the elements of all entries in it."""
    counts: dict[str, int] = {}
    for form, count in entries:
        counts[form] = counts.get(form, 0) + count
    for form, count in counts.items():
        yield row_of(role, form, count, lifetime)


def largest(rows: Iterable[Row]) -> Iterator[Row]:
    """The row of most bytes, the first of equal ones; none where there is none."""
    found = max(rows, key=lambda row: row.bytes, default=None)
    if found is not None:
        yield found
