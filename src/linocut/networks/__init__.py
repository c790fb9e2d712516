"""The networks of the papers and one for pictures, a file each, in the layers of users' own; MODELS is their table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.networks.binarynet import binarynet
from linocut.networks.cnv import cnv
from linocut.networks.convnet import convnet
from linocut.networks.mlp import mlp
from linocut.networks.resnet import bireal18, resnete18

__all__ = ["MODELS", "binarynet", "bireal18", "build", "cnv", "convnet", "mlp", "resnete18"]

MODELS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "cnv": cnv,
    "binarynet": binarynet,
    "resnete18": resnete18,
    "bireal18": bireal18,
    "convnet": convnet,
}


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    known = inspect.signature(MODELS[name]).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return MODELS[name](**settings)
