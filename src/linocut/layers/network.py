"""Network: a named sequence of layers whose shapes fit, from an input to a loss."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from linocut.errors import SpecError, unknown_name
from linocut.layers.base import Layer
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.binary_conv2d import BinaryConv2D
from linocut.layers.binary_dense import BinaryDense
from linocut.layers.conv2d import Conv2D, Dense
from linocut.layers.flatten import Flatten
from linocut.layers.input import Input
from linocut.layers.placed import Placed, place
from linocut.layers.pools import AveragePool2D, GlobalAveragePool, MaxPool2D
from linocut.layers.relu import ReLU
from linocut.layers.residual import Residual
from linocut.layers.sign import Sign
from linocut.layers.softmax_cross_entropy import SoftmaxCrossEntropy

LAYERS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (
        Input,
        Flatten,
        BinaryDense,
        BinaryConv2D,
        Dense,
        Conv2D,
        MaxPool2D,
        AveragePool2D,
        GlobalAveragePool,
        BatchNorm,
        Sign,
        ReLU,
        Residual,
        SoftmaxCrossEntropy,
    )
}


MOST_LAYERS = 1000  # what compiling takes grows with their square


@dataclass(frozen=True)
class Network:
    """Layers in order: the first is an Input, the last SoftmaxCrossEntropy. Shapes are checked when it is made."""

    name: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise SpecError(f"network {self.name} has {layer!r} among its layers, which is none")
        if not self.layers or not isinstance(self.layers[0], Input):
            raise SpecError(f"network {self.name} must begin with an input layer")
        if not isinstance(self.layers[-1], SoftmaxCrossEntropy):
            raise SpecError(f"network {self.name} must end with softmax_cross_entropy")
        for layer in self.layers[1:]:
            if isinstance(layer, Input):
                raise SpecError(f"network {self.name} has a second input layer; remove it")
        if len(self.placed) > MOST_LAYERS:
            raise SpecError(f"network {self.name} has {len(self.placed):,} layers, must have {MOST_LAYERS:,} or fewer")

    @property
    def input(self) -> Input:
        """The first layer."""
        first = self.layers[0]
        assert isinstance(first, Input)
        return first

    @property
    def classes(self) -> int:
        """How many classes the loss tells apart."""
        return self.placed[-1].output_shape[0]

    @cached_property
    def tree(self) -> tuple[Placed, ...]:
        """The layers in their places; a residual is one of them, with its chains inside."""
        return place(self.layers, self.input.shape)

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """Every single layer, those inside of residuals too, in the order in which they are computed."""
        return tuple(leaf for placed in self.tree for leaf in placed.leaves())

    def to_dict(self) -> dict[str, Any]:
        """Name and layers with their settings, for a file."""
        return {"name": self.name, "layers": [_described(layer) for layer in self.layers]}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Network:
        """The network that `to_dict` described; SpecError for unknown layers or settings."""
        try:
            name, entries = str(data["name"]), data["layers"]
            if not isinstance(entries, (list, tuple)):
                raise SpecError(f"the layers of network {name} are {entries!r}, must be a list of tables")
            return Network(name, tuple(_layer(entry) for entry in entries))
        except KeyError as error:
            raise SpecError(f"the description of a network lacks {error}") from None

    def __str__(self) -> str:
        from linocut.layers.summary import summary  # summary describes networks

        return summary(self)


def _described(layer: Layer) -> dict[str, Any]:
    settings = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    kept = {name: _plain(value) for name, value in settings.items() if value is not None}
    return {"layer": layer.kind, **kept}


def _plain(value: Any) -> Any:
    """Tuples as lists, layers as tables: what a file can hold."""
    if isinstance(value, Layer):
        return _described(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _read(value: Any) -> Any:
    """What `_plain` made, as it was."""
    if isinstance(value, dict):
        return _layer(value)
    return tuple(_read(item) for item in value) if isinstance(value, list) else value


def _layer(entry: Any) -> Layer:
    if not isinstance(entry, dict):
        raise SpecError(f"a layer is described as {entry!r}, must be a table of its kind and settings")
    settings = dict(entry)
    kind = settings.pop("layer", None)
    if kind is None:
        raise SpecError("a layer has no kind; write it as in layer = 'sign'")
    if not isinstance(kind, str) or kind not in LAYERS:
        raise unknown_name("layer", kind, LAYERS)
    known = [field.name for field in dataclasses.fields(LAYERS[kind])]
    for name in settings:
        if name not in known:
            raise SpecError(f"layer {kind} has no setting {name!r}; there are {', '.join(known) or 'none'}")
    for field in dataclasses.fields(LAYERS[kind]):
        if field.name not in settings and field.default is dataclasses.MISSING:
            raise SpecError(f"layer {kind} lacks the setting {field.name!r}")
    return LAYERS[kind](**{name: _read(value) for name, value in settings.items()})
