"""Memory against the size of the batch, under every policy, in both accounts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.plan.paper import paper_account
from linocut.policies import POLICIES
from linocut.sizes import show_size
from linocut.tables import compared, table


@dataclass(frozen=True)
class BatchRow:
    """The memory of a policy at a batch size: by the paper's model, of the arena, and the least an arena could take."""

    policy: str
    batch: int
    paper_bytes: int
    arena_bytes: int
    lower_bound_bytes: int


@dataclass(frozen=True)
class BatchReport:
    """A row for every policy and batch size."""

    model: str
    optimizer: str
    rows: tuple[BatchRow, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut plan --batches --json` prints."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        """A table for each account: batch sizes down, policies across, and how many times fewer than the first."""
        title = f"{self.model}, {self.optimizer}"
        paper = self._table(f"{title}: memory as the paper counts it", "paper_bytes")
        return "\n".join([*paper, "", *self._table(f"{title}: the arena", "arena_bytes")])

    def _table(self, title: str, column: str) -> list[str]:
        policies = list(dict.fromkeys(row.policy for row in self.rows))
        head = ["batch", policies[0], *(cell for name in policies[1:] for cell in (name, "factor"))]
        lines = [tuple(head)]
        for batch in dict.fromkeys(row.batch for row in self.rows):
            counts = [getattr(row, column) for row in self.rows if row.batch == batch]
            lines.append(compared(f"{batch:,}", counts, show_size))
        return [title, *table(lines, left=0, rules=(1,))]


def batch_report(network: Network, optimizer: Optimizer, batches: Sequence[int]) -> BatchReport:
    """The memory of every policy at each batch size; SpecError for a size that cannot be."""
    rows = []
    for batch in batches:
        for policy in POLICIES.values():
            program = compile_network(network, policy, optimizer, batch).program
            paper = paper_account(network, policy, optimizer, batch).total_bytes
            rows.append(BatchRow(policy.name, batch, paper, program.arena_bytes, program.lower_bound_bytes))
    return BatchReport(network.name, optimizer.kind, tuple(rows))
