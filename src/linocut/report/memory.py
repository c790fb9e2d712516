"""Memory in both accounts: the arena byte for byte, the paper's model, and the policies side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from linocut.compile.lifetimes import live_bytes
from linocut.compile.lower import Compiled, compile_network
from linocut.layers import Network
from linocut.optimizers import Optimizer
from linocut.policies import POLICIES
from linocut.report.account import ARENA, PAPER, PERSISTENT, TRANSIENT, Account, Row, compared, merged, size, table
from linocut.report.paper import paper_account

ALIGNMENT = "alignment"
FRAGMENTATION = "fragmentation"

__all__ = ["Account", "Comparison", "Row", "arena_account", "comparison", "paper_account"]


def arena_account(compiled: Compiled) -> Account:
    """The arena's bytes: what persists, and what is live beside it at the instruction where most is live.

    All rows but the last, fragmentation, sum to the lower bound.
    """
    program = compiled.program
    levels = live_bytes(compiled.blocks)
    peak = levels.index(max(levels))
    rows = list(merged(_live(compiled, peak)))
    padding = levels[peak] - sum(row.bytes for row in rows)
    lost = program.arena_bytes - levels[peak]
    rows += [Row(role, "-", TRANSIENT, n) for role, n in ((ALIGNMENT, padding), (FRAGMENTATION, lost)) if n]
    section = next((s.name for s in program.sections if s.begin <= peak < s.end), "")
    where = f"instruction {peak} ({program.instructions[peak].op.name} in {section})"
    names = (compiled.network.name, compiled.policy.name, compiled.optimizer.kind, compiled.batch)
    return Account(
        *names, ARENA, program.arena_bytes, program.lower_bound_bytes, tuple(rows), where, compiled.micro_batch
    )


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


def _live(compiled: Compiled, instruction: int) -> Iterator[Row]:
    for block in compiled.blocks:
        if block.first <= instruction <= block.last:
            buffer = compiled.program.buffers[block.buffer]
            lifetime = PERSISTENT if buffer.persistent else TRANSIENT
            yield Row(buffer.role, buffer.format, lifetime, buffer.nbytes)


def _side_by_side(accounts: Sequence[Account]) -> list[str]:
    roles = list(dict.fromkeys(row.role for account in accounts for row in account.rows))
    first, others = accounts[0], accounts[1:]
    head = ("role", first.policy, *(cell for a in others for cell in (a.policy, "factor")))
    rows = [compared(role, [account.bytes_of(role) for account in accounts], size) for role in roles]
    total = compared("total", [account.total_bytes for account in accounts], size)
    return table([head, *rows, total], left=1, rules=(1, len(rows) + 1))
