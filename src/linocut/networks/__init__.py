"""The networks of the papers and one for pictures, a file each, in the layers of users' own; MODELS is their table.

COMPLEX are networks of complex numbers, and real ones as large: imported when they are asked for.
COUNTED are other people's full-precision networks, to be counted and estimated: their times on devices are published.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from linocut.errors import SpecError, unknown_name
from linocut.graph.network import Network
from linocut.lazily import names
from linocut.networks.binary_vgg import vgg, xnor_vgg16, xnor_vgg19
from linocut.networks.binarynet import binarynet
from linocut.networks.cnv import cnv
from linocut.networks.convnet import convnet
from linocut.networks.lstm import google_lstm, lstm, small_lstm
from linocut.networks.mlp import mlp
from linocut.networks.resnet import bireal18, resnet, resnet18, resnet20, resnet32, resnet34, resnet56, resnete18

if TYPE_CHECKING:
    from linocut.networks.complex_resnet import complex_resnet18, real_resnet18
    from linocut.networks.nin import complex_nin, complex_nin_mean, complex_nin_plain, real_nin
    from linocut.networks.radio import complex_radio, real_radio

__all__ = [
    "COMPLEX",
    "COUNTED",
    "ESTIMATED",
    "MODELS",
    "binarynet",
    "bireal18",
    "build",
    "cnv",
    "complex_nin",
    "complex_nin_mean",
    "complex_nin_plain",
    "complex_radio",
    "complex_resnet18",
    "convnet",
    "google_lstm",
    "lstm",
    "mlp",
    "real_nin",
    "real_radio",
    "real_resnet18",
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
    "vgg16": "linocut.networks.float_vgg",
    "vgg19": "linocut.networks.float_vgg",
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

COMPLEX: dict[str, str] = {  # likewise
    "complex_nin": "linocut.networks.nin",
    "complex_nin_mean": "linocut.networks.nin",
    "complex_nin_plain": "linocut.networks.nin",
    "real_nin": "linocut.networks.nin",
    "complex_resnet18": "linocut.networks.complex_resnet",
    "real_resnet18": "linocut.networks.complex_resnet",
    "complex_radio": "linocut.networks.radio",
    "real_radio": "linocut.networks.radio",
}

ESTIMATED = (*MODELS, *COMPLEX, *COUNTED)
_LATE = COMPLEX | COUNTED
__getattr__ = names(__name__, {home: tuple(n for n in COMPLEX if COMPLEX[n] == home) for home in COMPLEX.values()})


def build(name: str, **settings: Any) -> Network:
    """The model called `name`, with its own defaults for what `settings` leaves out; SpecError for an unknown one."""
    if name not in ESTIMATED:
        raise unknown_name("model", name, ESTIMATED)
    model = MODELS[name] if name in MODELS else getattr(import_module(_LATE[name]), name)
    known = inspect.signature(model).parameters
    for setting in settings:
        if setting not in known:
            raise SpecError(f"model {name} has no setting {setting!r}; there are {', '.join(known)}")
    return model(**settings)
