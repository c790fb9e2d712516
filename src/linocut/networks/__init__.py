"""The networks of the papers and one for pictures, a file each, in the layers of users' own; MODELS is their table.

COUNTED are other people's full-precision networks, to be counted and estimated: their times on devices are published.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.networks.binary_vgg import vgg, xnor_vgg16, xnor_vgg19
from linocut.networks.binarynet import binarynet
from linocut.networks.cnv import cnv
from linocut.networks.convnet import convnet
from linocut.networks.lstm import google_lstm, lstm, small_lstm
from linocut.networks.mlp import mlp
from linocut.networks.resnet import bireal18, resnet, resnet18, resnet20, resnet32, resnet34, resnet56, resnete18

__all__ = [
    "COUNTED",
    "ESTIMATED",
    "MODELS",
    "binarynet",
    "bireal18",
    "build",
    "cnv",
    "convnet",
    "google_lstm",
    "lstm",
    "mlp",
    "resnet",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet56",
    "resnete18",
    "small_lstm",
    "vgg",
    "xnor_vgg16",
    "xnor_vgg19",
]

MODELS: dict[str, Callable[..., Network]] = {
    "mlp": mlp,
    "cnv": cnv,
    "binarynet": binarynet,
    "resnete18": resnete18,
    "bireal18": bireal18,
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet56": resnet56,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "xnor_vgg16": xnor_vgg16,
    "xnor_vgg19": xnor_vgg19,
    "convnet": convnet,
    "lstm": lstm,
    "google_lstm": google_lstm,
    "small_lstm": small_lstm,
}
COUNTED: dict[str, str] = {  # the modules that have them: what trains has no need of them
    "vgg16": "linocut.networks.vgg",
    "vgg19": "linocut.networks.vgg",
    "resnet50": "linocut.networks.bottlenecks",
    "resnet152_v2": "linocut.networks.bottlenecks",
    "inception_v1": "linocut.networks.inception",
    "inception_v4": "linocut.networks.inception",
    "mobilenet_v1": "linocut.networks.mobilenet",
    "mobilenet_v2": "linocut.networks.mobilenet",
    "squeezenet": "linocut.networks.fire_modules",
    "squeezenet11": "linocut.networks.fire_modules",
    "densenet121": "linocut.networks.densenet",
    "efficientnet_edgetpu_s": "linocut.networks.edgetpu_efficientnet",
}

ESTIMATED = (*MODELS, *COUNTED)


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in MODELS and name not in COUNTED:
        raise unknown_name("model", name, (*MODELS, *COUNTED))
    model = MODELS[name] if name in MODELS else getattr(import_module(COUNTED[name]), name)
    known = inspect.signature(model).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return model(**settings)
