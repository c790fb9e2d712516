"""Rows of energy: the estimate for one training step, in J."""

from __future__ import annotations

from linocut import networks
from linocut.compile.lower import compile_network
from linocut.devices.energies import read_energies
from linocut.optimizers import find_optimizer
from linocut.plan.energy import step_energy
from linocut.policies import find_policy
from linocut.reproduce.row import MODELLED, Row

PICOJOULES = 1e12  # in a joule


def energy_row(
    table: str, title: str, published: float | None, model: str, policy: str, optimizer: str, batch: int
) -> Row:
    """What the operations and accesses of a step cost: of the chip alone, by energies that others measured."""
    compiled = compile_network(networks.build(model), find_policy(policy), find_optimizer(optimizer), batch)
    found = step_energy(compiled, read_energies()).picojoules / PICOJOULES
    command = f"linocut plan --model {model} --optimizer {optimizer} --batch {batch} --energy"
    return Row(table, title, published, found, "J", MODELLED, command)
