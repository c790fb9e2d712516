"""weights: J, J0 and the clipped share of the weights that a network has now, read a part at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linocut.compile.lower import Compiled
from linocut.dynamics.layer import LayerDynamics
from linocut.formats import find_format
from linocut.graph.graph import Graph
from linocut.graph.state import Place
from linocut.layers.parameters import WEIGHT, Parameter, fan_in
from linocut.run import Session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from linocut.ops.bits import Array

AT_ONCE = 1 << 15  # weights that are read together, which stay in the nearest caches


def weight_parameters(graph: Graph) -> tuple[Parameter, ...]:
    """The weights of all layers that have some, in order."""
    return tuple(parameter for parameter in graph.parameters() if parameter.use == WEIGHT)


def named(parameters: tuple[Parameter, ...]) -> tuple[tuple[str, Parameter], ...]:
    """What each is told of by: its layer, or where that has several weights, as an LSTM, its own name."""
    nodes = [parameter.node for parameter in parameters]
    return tuple((one.node if nodes.count(one.node) == 1 else one.name, one) for one in parameters)


@dataclass(frozen=True)
class Latent:
    """Weights in an arena: `stored` elements at a place; `limit`, in their unit, is where they end (0: nowhere)."""

    name: str
    parameter: Parameter
    place: Place
    stored: Array
    limit: float

    @staticmethod
    def of(session: Session, compiled: Compiled, name: str, parameter: Parameter) -> Latent:
        """Those of a parameter, by what it is told of by."""
        place = compiled.layout.parameters[parameter.name]
        form = find_format(place.format)
        clipped = parameter.binary and form.bits > 1
        range_ = compiled.policy.weight_range(fan_in(parameter.shape))
        limit = (float(form.one) if form.one else range_) if clipped else 0.0
        return Latent(name, parameter, place, session.array(place.buffer), limit)

    def measured(self) -> LayerDynamics:
        """J, J0 and the clipped share, now."""
        if self.place.form.bits == 1:
            return measured(self.name, self.parameter, self.place.read(self.stored))
        total = squares = 0.0
        clipped = 0
        flat = self.stored.reshape(-1)
        for begin in range(0, flat.size, AT_ONCE):
            some = flat[begin : begin + AT_ONCE].astype(np.float64)
            total += float(some.sum())
            squares += sum_of_squares(some)
            if self.limit:
                clipped += int(np.count_nonzero(np.abs(some) >= self.limit))
        one = self.place.form.one
        unit = self.place.scale / one if one else 1.0
        return _layer(self.name, self.parameter, total, squares, unit, clipped / flat.size if self.limit else None)


def measured(name: str, parameter: Parameter, values: Array) -> LayerDynamics:
    """J and J0 of the values of weights (outputs, ..., inputs)."""
    exact = values.astype(np.float64).reshape(-1)
    return _layer(name, parameter, float(exact.sum()), sum_of_squares(exact), 1.0, None)


def sum_of_squares(values: Array) -> float:
    """Of a vector; a product by BLAS would wake its threads, which takes longer than all of it."""
    return float(np.einsum("i,i->", values, values))


def weights_dynamics(graph: Graph, state: Mapping[str, ArrayLike]) -> tuple[LayerDynamics, ...]:
    """J and J0 of every layer with weights, of a graph's state: arrays by `layer.weights`, as `trainer.state` is.

    KeyError for a state that lacks a layer.
    """
    return tuple(measured(name, one, np.asarray(state[one.name])) for name, one in named(weight_parameters(graph)))


def _layer(
    name: str, parameter: Parameter, total: float, squares: float, unit: float, clipped: float | None
) -> LayerDynamics:
    count, inputs = math.prod(parameter.shape), fan_in(parameter.shape)
    mean = total / count
    variance = max(0.0, squares / count - mean * mean)
    return LayerDynamics(name, unit * math.sqrt(variance * inputs), unit * mean * inputs, clipped)
