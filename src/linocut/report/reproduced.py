"""A table of a paper's figures beside linocut's, and how each of ours was found."""

from __future__ import annotations

from collections.abc import Sequence

from linocut.reproduce.row import Row
from linocut.tables import table


def as_table(rows: Sequence[Row]) -> str:
    """The rows of one table, below it what the published figures are, and the command that finds the first of ours."""
    timed = any(row.seconds is not None for row in rows)
    head = ("", "ours is", "published", "ours", "", *["seconds"] * timed)
    cells = []
    for row in rows:
        numbers = _shown(row.published, row.unit), _shown(row.ours, row.unit), row.unit
        spent = "-" if row.seconds is None else f"{row.seconds:,.1f}"
        cells.append((row.row, _how(row), *numbers, *[spent] * timed))
    lines = [rows[0].table, *table([head, *cells], left=2, rules=(1,))]
    lines += dict.fromkeys(f"published: {row.published_as}" for row in rows if row.published is not None)
    command = next((row.command for row in rows if row.command), "")
    return "\n".join([*lines, *([f"ours: {command}"] if command else [])])


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if unit == "%" or value >= 10 else f"{value:#.3g}"


def _how(row: Row) -> str:
    if row.how is None:
        return "not measured"
    return row.how if row.recorded is None else f"{row.how} before: {row.recorded}"
