"""The account of the arena, to the byte."""

from __future__ import annotations

import pytest

from linocut import models
from linocut.compile.lower import compile_network
from linocut.compile.placement.lifetimes import aligned
from linocut.optimizers import OPTIMIZERS, SGD, find_optimizer
from linocut.plan.arena import arena_account
from linocut.policies import POLICIES, lean

MLP = models.mlp()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("policy", POLICIES)
def test_arena_to_the_byte(policy: str, optimizer: str) -> None:
    compiled = compile_network(MLP, POLICIES[policy], find_optimizer(optimizer), 100)
    account, program = arena_account(compiled), compiled.program
    assert account.total_bytes == program.arena_bytes == sum(row.bytes for row in account.rows)
    assert account.lower_bound_bytes == program.lower_bound_bytes
    lost = account.bytes_of("fragmentation")
    assert sum(row.bytes for row in account.rows) - lost == program.lower_bound_bytes
    persistent = sum(row.bytes for row in account.rows if row.lifetime == "persistent")
    assert persistent == sum(b.nbytes for b in program.buffers if b.persistent and b.base is None)
    assert all(row.bytes > 0 for row in account.rows)
    assert 0 <= account.bytes_of("alignment") < 64 * len(program.buffers)


def test_arena_at_its_peak_by_hand() -> None:
    """A network of one layer: what is live during the first product, under lean."""
    compiled = compile_network(models.mlp((64,), 10, ()), lean, SGD(), 1000)
    account = arena_account(compiled)
    assert "real_matmul in train" in account.peak or "norm" in account.peak
    assert account.bytes_of("W") == 10 * 64 * 2
    assert account.bytes_of("momenta") == 10 * 64
    assert account.bytes_of("input") == 1000 * 64  # once, though the flattened view of it is live too
    assert account.bytes_of("labels") == 4000
    persistent = [b for b in compiled.program.persistent()]
    assert account.bytes_of("alignment") >= sum(aligned(b.nbytes) - b.nbytes for b in persistent)
