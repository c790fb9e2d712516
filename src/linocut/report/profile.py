"""A profile as a table: time, rate and share of the machine's peak, by kind of instruction or one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linocut.run.profile import KINDS, Profile, Timed
from linocut.tables import table

GIGA = 1e9
UNITS = {"element": "Gelement/s"}


@dataclass(frozen=True)
class ProfileReport:
    """A profile of one training, or prediction, and what was profiled."""

    model: str
    policy: str
    optimizer: str
    batch: int
    profile: Profile

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut bench --json` prints."""
        found = self.profile
        about = {name: getattr(self, name) for name in ("model", "policy", "optimizer", "batch")}
        measured = {name: getattr(found, name) for name in ("section", "isa", "threads", "steps", "seconds", "peaks")}
        rows = [self._row_json(row, rate) for row in found.instructions for rate in [_share(row, found)]]
        limit = {"least_seconds": found.least_seconds, "share_of_limit": found.least_seconds / found.seconds}
        return {**about, **measured, **limit, "instructions": rows}

    def _row_json(self, row: Timed, share: float | None) -> dict[str, Any]:
        return {**dataclasses.asdict(row), "share_of_peak": share}

    def by_op(self) -> str:
        """The table with one line for each kind of instruction and of arithmetic, those that take longest first."""
        sums: dict[tuple[str, str], Timed] = {}
        counts: dict[tuple[str, str], int] = {}
        for row in self.profile.instructions:
            key = (row.op, row.kind)
            before = sums.get(key, dataclasses.replace(row, operations=0, seconds=0.0))
            operations, seconds = before.operations + row.operations, before.seconds + row.seconds
            sums[key] = dataclasses.replace(before, operations=operations, seconds=seconds)
            counts[key] = counts.get(key, 0) + 1
        rows = [dataclasses.replace(row, about=f"{counts[key]}") for key, row in sums.items()]
        return self._table(sorted(rows, key=lambda row: -row.seconds), "number")

    def one_by_one(self) -> str:
        """The table with one line for each instruction, in the order of the program."""
        return self._table(self.profile.instructions, "writes")

    def _table(self, rows: Sequence[Timed], about: str) -> str:
        found = self.profile
        total = sum(row.seconds for row in found.instructions)
        head = ("instruction", about, "time", "share", "rate", "", "of peak")
        cells = [head, *(self._cells(row, total) for row in rows)]
        cells.append(("all", "", _time(found.seconds), "", "", "", f"{found.least_seconds / found.seconds:.0%}"))
        title = f"{self.model}, {self.policy}, {self.optimizer}, batch {self.batch:,}: section {found.section}, "
        title += f"{found.isa}, {found.threads} threads, medians of {found.steps}"
        peaks = ", ".join(f"{kind} {found.peaks[kind] / GIGA:,.0f}" for kind in KINDS)
        ends = (1, len(cells) - 1)
        notes = [
            f"peaks of one thread, GMAC/s: {peaks}",
            f"all multiplications at the peaks: {_time(found.least_seconds)}",
        ]
        return "\n".join([title, *table(cells, left=2, rules=ends), *notes])

    def _cells(self, row: Timed, total: float) -> tuple[str, ...]:
        share = _share(row, self.profile)
        rate = f"{row.operations / row.seconds / GIGA:,.1f}" if row.operations and row.seconds else ""
        unit = UNITS.get(row.kind, "GMAC/s") if rate else ""
        of_peak = "" if share is None else f"{share:.0%}"
        return (row.op, row.about, _time(row.seconds), f"{row.seconds / total:.1%}", rate, unit, of_peak)


def _share(row: Timed, found: Profile) -> float | None:
    """What part of the peak of its arithmetic, on all threads, an instruction reached; None for what has none."""
    if row.kind not in KINDS or not row.operations or not row.seconds:
        return None
    return row.operations / row.seconds / (found.peaks[row.kind] * found.threads)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:,.1f} us"
