"""An account of memory: who takes how many bytes, in what format, for how long."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from linocut.sizes import show_size
from linocut.tables import table

PAPER: Literal["paper"] = "paper"
ARENA: Literal["arena"] = "arena"
ACCOUNTS = (ARENA, PAPER)
PERSISTENT, TRANSIENT = "persistent", "transient"


@dataclass(frozen=True)
class Row:
    """The bytes of one role in one format; `lifetime` is "persistent" (kept between steps) or "transient"."""

    role: str
    format: str
    lifetime: str
    bytes: int


@dataclass(frozen=True)
class Account:
    """The memory of one training in bytes; the rows sum to `total_bytes`.

    `account` is "paper" or "arena", `batch` in examples. `lower_bound_bytes` is what no placement can go below; in the
    paper's account, which knows no placement, it is the total, and there are no workspaces. `peak` says at which
    instruction of the arena most bytes are live.
    """

    model: str
    policy: str
    optimizer: str
    batch: int
    account: Literal["paper", "arena"]
    total_bytes: int
    lower_bound_bytes: int
    rows: tuple[Row, ...]
    peak: str = ""
    micro_batch: int = 0  # examples at a time; 0 becomes the whole batch
    workspace_bytes: int = 0  # beside the arena, for each thread

    def __post_init__(self) -> None:
        if not self.micro_batch:
            object.__setattr__(self, "micro_batch", self.batch)

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut plan --json` prints."""
        fields = dataclasses.asdict(self)
        del fields["peak"], fields["micro_batch"]
        workspace = fields.pop("workspace_bytes")
        return {
            **fields,
            "rows": [dataclasses.asdict(row) for row in self.rows],
            **({"workspace_bytes": workspace} if self.account == ARENA else {}),
        }

    def bytes_of(self, role: str) -> int:
        """All bytes of one role."""
        return sum(row.bytes for row in self.rows if row.role == role)

    def __str__(self) -> str:
        """A table with the total and, of an arena, its lower bound."""
        names = f"{self.model}, {self.policy}, {self.optimizer}"
        parts = f" in micro-batches of {self.micro_batch:,}" if self.micro_batch < self.batch else ""
        title = f"{names}, batch {self.batch:,}{parts}: {_TITLES[self.account]}"
        cells = [(row.role, row.format, row.lifetime, show_size(row.bytes), share(row, self)) for row in self.rows]
        head = ("role", "format", "lifetime", "memory", "share")
        total = ("total", "", "", show_size(self.total_bytes), "")
        lines = table([head, *cells, total], left=3, rules=(1, len(cells) + 1))
        if self.account == ARENA:
            lines.append(f"lower bound {show_size(self.lower_bound_bytes)}, live at {self.peak}")
            lines.append(f"beside it a workspace of {show_size(self.workspace_bytes)} for each thread")
        return "\n".join([title, *lines])


_TITLES = {PAPER: "memory as the paper counts it", ARENA: "the arena"}


def share(row: Row, account: Account) -> str:
    """Part of the total."""
    return f"{row.bytes / max(1, account.total_bytes):.1%}"


def merged(rows: Iterable[Row]) -> tuple[Row, ...]:
    """One row for each role, format and lifetime, persistent ones first, the largest first."""
    sums: dict[tuple[str, str, str], int] = {}
    for row in rows:
        key = (row.role, row.format, row.lifetime)
        sums[key] = sums.get(key, 0) + row.bytes
    found = [Row(*key, count) for key, count in sums.items() if count]
    return tuple(sorted(found, key=lambda r: (r.lifetime != PERSISTENT, -r.bytes, r.role, r.format)))
