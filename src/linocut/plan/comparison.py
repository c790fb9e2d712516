"""All policies beside the first, role by role, in both accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.plan.account import ARENA, PAPER, Account
from linocut.plan.arena import arena_account
from linocut.plan.paper import paper_account
from linocut.policies import POLICIES
from linocut.sizes import show_size
from linocut.tables import compared, table


@dataclass(frozen=True)
class Comparison:
    """The accounts of every policy, the paper's and then the arenas."""

    model: str
    optimizer: str
    batch: int
    accounts: tuple[Account, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `linocut plan --compare --json` prints."""
        fields = {name: getattr(self, name) for name in ("model", "optimizer", "batch")}
        return {**fields, "accounts": [account.to_json() for account in self.accounts]}

    def __str__(self) -> str:
        """A table for each account: bytes by role, policies across, and how many times fewer than the first."""
        title = f"{self.model}, {self.optimizer}, batch {self.batch:,}"
        papers, arenas = ([a for a in self.accounts if a.account == kind] for kind in (PAPER, ARENA))
        parts = [f"{title}: memory as the paper counts it", *_side_by_side(papers)]
        return "\n".join([*parts, "", f"{title}: the arena at its peak", *_side_by_side(arenas)])


def comparison(network: Network, optimizer: Optimizer, batch: int) -> Comparison:
    """Every policy beside the first, in both accounts."""
    policies = POLICIES.values()
    papers = (paper_account(network, policy, optimizer, batch) for policy in policies)
    arenas = (arena_account(compile_network(network, policy, optimizer, batch)) for policy in policies)
    return Comparison(network.name, optimizer.kind, batch, (*papers, *arenas))


def _side_by_side(accounts: Sequence[Account]) -> list[str]:
    roles = list(dict.fromkeys(row.role for account in accounts for row in account.rows))
    first, others = accounts[0], accounts[1:]
    head = ("role", first.policy, *(cell for a in others for cell in (a.policy, "factor")))
    rows = [compared(role, [account.bytes_of(role) for account in accounts], show_size) for role in roles]
    total = compared("total", [account.total_bytes for account in accounts], show_size)
    return table([head, *rows, total], left=1, rules=(1, len(rows) + 1))
