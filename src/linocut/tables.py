"""Tables for people: aligned columns, and values side by side with how many times less they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


def table(rows: Iterable[tuple[str, ...]], left: int, rules: tuple[int, ...]) -> list[str]:
    """Lines of aligned columns, the first `left` of them to the left; rules stand before the rows `rules`."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for number, row in enumerate(cells):
        if number in rules:
            lines.append("-" * (sum(widths) + 2 * (len(widths) - 1)))
        padded = [c.ljust(w) if n < left else c.rjust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(padded).rstrip())
    return lines


def percent(part: float | None) -> str:
    """A part of one in percent, with one decimal: 97.5%; a dash where there is none."""
    return "-" if part is None else f"{part:.1%}"


def compared(name: str, values: Sequence[float], show: Callable[[Any], str]) -> tuple[str, ...]:
    """A table's cells: values side by side, `-` for 0, and after each but the first how many times less it is."""
    cells = [show(values[0]) if values[0] else "-"]
    for value in values[1:]:
        cells += [show(value) if value else "-", factor(values[0], value)]
    return (name, *cells)


def factor(first: float, other: float) -> str:
    """How many times less `other` is than `first`: 3.71x, 1,024x, 0.0029x; nothing where one of them is 0."""
    if not first or not other:
        return ""
    ratio = first / other
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.2g}x"
