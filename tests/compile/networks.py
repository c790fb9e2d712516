"""Every model with every policy and optimizer, small enough to compile often."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from linocut import models
from linocut.compile.lower import Compiled, compile_network
from linocut.graph.network import Network
from linocut.optimizers import OPTIMIZERS, find_optimizer
from linocut.policies import POLICIES, find_policy

NETWORKS: dict[str, Network] = {
    "mlp": models.mlp(),
    "floats": models.mlp((65,), 3, (63, 130), dtype="f32"),
    "shallow": models.mlp((8, 8, 1), 10, ()),
    "deep": models.mlp((8, 8, 1), 10, (64,) * 12),
    "wide": models.mlp((10,), 2, (33_000, 8)),  # sums beyond 16 bits
}
COMBINATIONS = [pytest.param(*names, id="-".join(names)) for names in itertools.product(NETWORKS, POLICIES, OPTIMIZERS)]


@cache
def compiled(network: str, policy: str, optimizer: str, batch: int = 100) -> Compiled:
    """One of them, compiled once."""
    return compile_network(NETWORKS[network], find_policy(policy), find_optimizer(optimizer), batch)
