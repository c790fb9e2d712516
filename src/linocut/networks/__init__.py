"""The networks of the papers and one for pictures, a file each, in the layers of users' own; MODELS is their table.

COUNTED are other people's full-precision networks, to be counted and estimated: their times on devices are published.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.lazily import names
from linocut.networks.binarynet import binarynet
from linocut.networks.cnv import cnv
from linocut.networks.convnet import convnet
from linocut.networks.mlp import mlp
from linocut.networks.resnet import bireal18, resnete18

if TYPE_CHECKING:
    from linocut.networks.bottlenecks import resnet50, resnet152_v2
    from linocut.networks.densenet import densenet121
    from linocut.networks.inception import inception_v1
    from linocut.networks.mobilenet import mobilenet_v1, mobilenet_v2
    from linocut.networks.squeezenet import squeezenet
    from linocut.networks.vgg import vgg16, vgg19

__all__ = [
    "COUNTED",
    "ESTIMATED",
    "MODELS",
    "binarynet",
    "bireal18",
    "build",
    "cnv",
    "convnet",
    "densenet121",
    "inception_v1",
    "mlp",
    "mobilenet_v1",
    "mobilenet_v2",
    "resnet50",
    "resnet152_v2",
    "resnete18",
    "squeezenet",
    "vgg16",
    "vgg19",
]

MODELS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "cnv": cnv,
    "binarynet": binarynet,
    "resnete18": resnete18,
    "bireal18": bireal18,
    "convnet": convnet,
}
COUNTED: dict[str, str] = {  # the modules that have them: what trains has no need of them
    "vgg16": "linocut.networks.vgg",
    "vgg19": "linocut.networks.vgg",
    "resnet50": "linocut.networks.bottlenecks",
    "resnet152_v2": "linocut.networks.bottlenecks",
    "inception_v1": "linocut.networks.inception",
    "mobilenet_v1": "linocut.networks.mobilenet",
    "mobilenet_v2": "linocut.networks.mobilenet",
    "squeezenet": "linocut.networks.squeezenet",
    "densenet121": "linocut.networks.densenet",
}

ESTIMATED = (*MODELS, *COUNTED)


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in MODELS and name not in COUNTED:
        raise unknown_name("model", name, (*MODELS, *COUNTED))
    model = MODELS[name] if name in MODELS else __getattr__(name)
    known = inspect.signature(model).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return model(**settings)


__getattr__ = names(__name__, {module: [n for n in COUNTED if COUNTED[n] == module] for module in COUNTED.values()})
