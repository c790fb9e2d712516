"""linocut: training of binary neural networks where the data is, in a memory promised beforehand.

The names below are imported when they are first used, so that `import linocut` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linocut import data, layers, networks
    from linocut import networks as models
    from linocut.cli.watch import ProgressBar
    from linocut.errors import DataError, DivergenceError, LinocutError, MachineError, RunError, SpecError
    from linocut.export.exported import Exported, export
    from linocut.export.load import load
    from linocut.graph.network import Network
    from linocut.optimizers import SGD, Adam, Bop, Optimizer
    from linocut.plan.account import Account
    from linocut.plan.planned import plan
    from linocut.policies import Policy, lean, lean8, standard, wang2021
    from linocut.run.assessment import Assessment
    from linocut.run.predict import Predictor
    from linocut.run.predictions import Evaluation, Predictions
    from linocut.schedules import Constant, Cosine, Plateau, Schedule, Step
    from linocut.train import Interrupted, Trainer, export_steps, loggers

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "Account",
    "Adam",
    "Assessment",
    "Bop",
    "Constant",
    "Cosine",
    "DataError",
    "DivergenceError",
    "Evaluation",
    "Exported",
    "Interrupted",
    "LinocutError",
    "MachineError",
    "Network",
    "Optimizer",
    "Plateau",
    "Policy",
    "Predictions",
    "Predictor",
    "ProgressBar",
    "RunError",
    "Schedule",
    "SpecError",
    "Step",
    "Trainer",
    "__version__",
    "data",
    "export",
    "export_steps",
    "layers",
    "lean",
    "lean8",
    "load",
    "loggers",
    "models",
    "networks",
    "plan",
    "standard",
    "wang2021",
]

_HOMES = {
    "linocut.cli.watch": ("ProgressBar",),
    "linocut.export.exported": ("Exported",),
    "linocut.export.load": ("load",),
    "linocut.errors": ("DataError", "DivergenceError", "LinocutError", "MachineError", "RunError", "SpecError"),
    "linocut.graph.network": ("Network",),
    "linocut.optimizers": ("SGD", "Adam", "Bop", "Optimizer"),
    "linocut.plan.account": ("Account",),
    "linocut.policies": ("Policy", "lean", "lean8", "standard", "wang2021"),
    "linocut.run.assessment": ("Assessment",),
    "linocut.run.predict": ("Predictor",),
    "linocut.run.predictions": ("Evaluation", "Predictions"),
    "linocut.schedules": ("Constant", "Cosine", "Plateau", "Schedule", "Step"),
    "linocut.train": ("Interrupted", "Trainer", "export_steps"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = {
    "data": "data",
    "export": "export",
    "layers": "layers",
    "loggers": "train.loggers",
    "models": "networks",
    "networks": "networks",
    "plan": "plan",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"linocut.{_MODULES[name]}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'linocut' has no attribute {name!r}; there are {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
