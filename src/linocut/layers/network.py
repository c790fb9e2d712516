"""Network: a named sequence of layers whose shapes fit, from an input to a loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.batch_norm import BatchNorm
from linocut.layers.binary_dense import BinaryDense
from linocut.layers.flatten import Flatten
from linocut.layers.input import Input
from linocut.layers.sign import Sign
from linocut.layers.softmax_cross_entropy import SoftmaxCrossEntropy

LAYERS: dict[str, type[Layer]] = {
    layer.kind: layer for layer in (Input, Flatten, BinaryDense, BatchNorm, Sign, SoftmaxCrossEntropy)
}


@dataclass(frozen=True)
class Placed:
    """A layer in its place: its name within the network, the shape of one example before and after, its cost."""

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    cost: Cost


@dataclass(frozen=True)
class Network:
    """Layers in order: the first is an Input, the last SoftmaxCrossEntropy. Shapes are checked when it is made."""

    name: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers or not isinstance(self.layers[0], Input):
            raise SpecError(f"network {self.name} must begin with an input layer")
        if not isinstance(self.layers[-1], SoftmaxCrossEntropy):
            raise SpecError(f"network {self.name} must end with softmax_cross_entropy")
        for layer in self.layers[1:]:
            if isinstance(layer, Input):
                raise SpecError(f"network {self.name} has a second input layer; remove it")
        tuple(self.placed)

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
    def placed(self) -> tuple[Placed, ...]:
        """Every layer with its name and shapes."""
        return tuple(self._place())

    def _place(self) -> Iterator[Placed]:
        counts: dict[str, int] = {}
        shape: Shape = self.input.shape
        real = True
        for layer in self.layers:
            counts[layer.kind] = number = counts.get(layer.kind, 0) + 1
            after = layer.output_shape(shape)
            yield Placed(f"{layer.kind}{number}", layer, shape, after, layer.cost(shape, real))
            real = real and not isinstance(layer, Sign)
            shape = after

    def to_dict(self) -> dict[str, Any]:
        """Name and layers with their settings, for a file."""
        layers = [{"layer": layer.kind, **_settings(layer)} for layer in self.layers]
        return {"name": self.name, "layers": layers}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Network:
        """The network that `to_dict` described; SpecError for unknown layers or settings."""
        try:
            return Network(str(data["name"]), tuple(_layer(entry) for entry in data["layers"]))
        except KeyError as error:
            raise SpecError(f"the description of a network lacks {error}") from None

    def __str__(self) -> str:
        from linocut.layers.summary import summary  # summary describes networks

        return summary(self)


def _settings(layer: Layer) -> dict[str, Any]:
    values = dataclasses.asdict(layer)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _layer(entry: dict[str, Any]) -> Layer:
    settings = dict(entry)
    kind = settings.pop("layer", None)
    if kind not in LAYERS:
        raise SpecError(f"no layer is called {kind!r}; there are {', '.join(LAYERS)}")
    known = [field.name for field in dataclasses.fields(LAYERS[kind])]
    for name in settings:
        if name not in known:
            raise SpecError(f"layer {kind} has no setting {name!r}; there are {', '.join(known) or 'none'}")
    for field in dataclasses.fields(LAYERS[kind]):
        if field.name not in settings and field.default is dataclasses.MISSING:
            raise SpecError(f"layer {kind} lacks the setting {field.name!r}")
    return LAYERS[kind](**{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()})
