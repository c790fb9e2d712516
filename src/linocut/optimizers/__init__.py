"""Optimizers: one file a rule; OPTIMIZERS is their table."""

from __future__ import annotations

from typing import Any

from linocut.optimizers.adam import Adam
from linocut.optimizers.base import Optimizer
from linocut.optimizers.bop import Bop
from linocut.optimizers.sgd import SGD
from linocut.settings_of import described_by

OPTIMIZERS: dict[str, type[Optimizer]] = {kind.kind: kind for kind in (Adam, SGD, Bop)}

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Bop", "Optimizer", "find_optimizer"]


def find_optimizer(optimizer: str | Optimizer | dict[str, Any]) -> Optimizer:
    """An optimizer from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    return optimizer if isinstance(optimizer, Optimizer) else described_by("optimizer", optimizer, OPTIMIZERS)
