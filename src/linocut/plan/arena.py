"""The arena's account: its bytes, exactly as the compiled program places them."""

from __future__ import annotations

from collections.abc import Iterator

from linocut.compile.lower import Compiled
from linocut.compile.placement.lifetimes import live_bytes
from linocut.plan.account import ARENA, PERSISTENT, TRANSIENT, Account, Row, merged

ALIGNMENT = "alignment"
FRAGMENTATION = "fragmentation"


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
        *names,
        ARENA,
        program.arena_bytes,
        program.lower_bound_bytes,
        tuple(rows),
        where,
        compiled.micro_batch,
        program.workspace_bytes,
    )


def _live(compiled: Compiled, instruction: int) -> Iterator[Row]:
    for block in compiled.blocks:
        live = block.live(instruction)
        if live:
            buffer = compiled.program.buffers[block.buffer]
            lifetime = PERSISTENT if buffer.persistent else TRANSIENT
            yield Row(buffer.role, buffer.format, lifetime, min(live, buffer.nbytes))
