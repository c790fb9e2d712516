"""linocut: training of binary neural networks where the data is, in a memory promised beforehand.

The names below are imported when they are first used, so that `import linocut` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linocut.lazily import names

if TYPE_CHECKING:
    from linocut import data, devices, dynamics, hybrid, layers, networks, pretrained, train
    from linocut import networks as models
    from linocut.cli.watch import ProgressBar
    from linocut.devices import costmodel
    from linocut.devices.estimate import estimate
    from linocut.devices.rows import Estimate
    from linocut.errors import DataError, DivergenceError, LinocutError, MachineError, RunError, SpecError
    from linocut.export.exported import Exported, export
    from linocut.export.load import load
    from linocut.graph.network import Network
    from linocut.graph.prune import Pruning
    from linocut.graph.q10 import sixteen_bits
    from linocut.importing import import_larq, import_pytorch
    from linocut.networks import nasbench
    from linocut.optimizers import SGD, Adam, Bop, Optimizer
    from linocut.plan.account import Account
    from linocut.plan.planned import plan
    from linocut.policies import Policy, lean, lean4, lean8, standard, wang2021
    from linocut.run.assessment import Assessment
    from linocut.run.predict import Predictor
    from linocut.run.predictions import Evaluation, Predictions
    from linocut.run.stream import Stream
    from linocut.schedules import Constant, Cosine, Plateau, Schedule, Step
    from linocut.train import Interrupted, Trainer, export_steps, loggers, pack, prune, unpack
    from linocut.tune.advice import Advice
    from linocut.tune.tuned import tune

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "Account",
    "Adam",
    "Advice",
    "Assessment",
    "Bop",
    "Constant",
    "Cosine",
    "DataError",
    "DivergenceError",
    "Estimate",
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
    "Pruning",
    "RunError",
    "Schedule",
    "SpecError",
    "Step",
    "Stream",
    "Trainer",
    "__version__",
    "costmodel",
    "data",
    "devices",
    "dynamics",
    "estimate",
    "export",
    "export_steps",
    "hybrid",
    "import_larq",
    "import_pytorch",
    "layers",
    "lean",
    "lean4",
    "lean8",
    "load",
    "loggers",
    "models",
    "nasbench",
    "networks",
    "pack",
    "plan",
    "pretrained",
    "prune",
    "sixteen_bits",
    "standard",
    "train",
    "tune",
    "unpack",
    "wang2021",
]

_HOMES = {
    "linocut.cli.watch": ("ProgressBar",),
    "linocut.export.exported": ("Exported",),
    "linocut.export.load": ("load",),
    "linocut.devices.estimate": ("estimate",),
    "linocut.devices.rows": ("Estimate",),
    "linocut.errors": ("DataError", "DivergenceError", "LinocutError", "MachineError", "RunError", "SpecError"),
    "linocut.graph.network": ("Network",),
    "linocut.graph.prune": ("Pruning",),
    "linocut.graph.q10": ("sixteen_bits",),
    "linocut.importing": ("import_larq", "import_pytorch"),
    "linocut.optimizers": ("SGD", "Adam", "Bop", "Optimizer"),
    "linocut.plan.account": ("Account",),
    "linocut.policies": ("Policy", "lean", "lean4", "lean8", "standard", "wang2021"),
    "linocut.run.assessment": ("Assessment",),
    "linocut.run.predict": ("Predictor",),
    "linocut.run.predictions": ("Evaluation", "Predictions"),
    "linocut.run.stream": ("Stream",),
    "linocut.schedules": ("Constant", "Cosine", "Plateau", "Schedule", "Step"),
    "linocut.train": ("Interrupted", "Trainer", "export_steps", "pack", "prune", "unpack"),
    "linocut.tune.advice": ("Advice",),
}
_MODULES = {
    "costmodel": "linocut.devices.costmodel",
    "data": "linocut.data",
    "devices": "linocut.devices",
    "dynamics": "linocut.dynamics",
    "export": "linocut.export",
    "hybrid": "linocut.hybrid",
    "layers": "linocut.layers",
    "loggers": "linocut.train.loggers",
    "models": "linocut.networks",
    "nasbench": "linocut.networks.nasbench",
    "networks": "linocut.networks",
    "plan": "linocut.plan",
    "pretrained": "linocut.pretrained",
    "train": "linocut.train",
    "tune": "linocut.tune",
}
__getattr__ = names(__name__, _HOMES, _MODULES)


def __dir__() -> list[str]:
    return __all__
