"""Optimizers: one file a rule; OPTIMIZERS is their table."""

from __future__ import annotations

import dataclasses
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.optimizers.adam import Adam
from linocut.optimizers.base import Optimizer
from linocut.optimizers.bop import Bop
from linocut.optimizers.sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {kind.kind: kind for kind in (Adam, SGD, Bop)}

__all__ = ["OPTIMIZERS", "SGD", "Adam", "Bop", "Optimizer", "find_optimizer"]


def find_optimizer(optimizer: str | Optimizer | dict[str, Any]) -> Optimizer:
    """An optimizer from its name, from itself, or from what `to_dict` wrote; SpecError for an unknown one."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    settings = dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}
    kind = settings.pop("kind", None)
    if kind not in OPTIMIZERS:
        raise unknown_name("optimizer", kind, OPTIMIZERS)
    known = [field.name for field in dataclasses.fields(OPTIMIZERS[kind])]
    for name in settings:
        if name not in known:
            raise SpecError(f"optimizer {kind} has no setting {name!r}; there are {', '.join(known)}")
    return OPTIMIZERS[kind](**settings)
