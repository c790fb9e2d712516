"""Rows of memory: as the paper's account counts it, and the arenas that linocut takes."""

from __future__ import annotations

from linocut import networks
from linocut.optimizers import find_optimizer
from linocut.plan.account import ARENA, PAPER
from linocut.plan.planned import plan
from linocut.reproduce.row import COUNTED, Row
from linocut.sizes import UNITS

MIB = "MiB"


def paper_row(
    table: str,
    title: str,
    published: float | None,
    model: str,
    policy: str,
    optimizer: str,
    batch: int,
    unit: str = MIB,
    later_edition: bool = False,
) -> Row:
    """The memory of a step by the paper's model, in a unit such as MiB."""
    network, rule = networks.build(model), find_optimizer(optimizer)
    found = plan(network, policy, rule, batch, account=PAPER, later_edition=later_edition)
    command = _command(model, policy, optimizer, batch, "--account paper", *["--later-edition"] * later_edition)
    return Row(table, title, published, found.total_bytes / dict(UNITS)[unit], unit, COUNTED, command)


def arena_row(
    table: str, title: str, published: float | None, model: str, policy: str, optimizer: str, batch: int
) -> Row:
    """The arena of a step in MiB: what is planned is what a training takes."""
    found = plan(networks.build(model), policy, find_optimizer(optimizer), batch, account=ARENA)
    command = _command(model, policy, optimizer, batch)
    return Row(table, title, published, found.total_bytes / dict(UNITS)[MIB], MIB, COUNTED, command)


def _command(model: str, policy: str, optimizer: str, batch: int, *more: str) -> str:
    words = ("linocut plan", f"--model {model} --policy {policy} --optimizer {optimizer} --batch {batch}", *more)
    return " ".join(words)
