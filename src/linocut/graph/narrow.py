"""narrow: a network with fewer channels, those whose filters are largest, and its state.

Channels of layers with binary weights are left out with their use as inputs: what remains computes what it would if
the others' weights were 0 where they are read. Layers whose outputs are added share their channels. One channel in the
root of `rate` is kept, so that weights become `rate` times fewer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from linocut.errors import SpecError
from linocut.graph.graph import Graph, Node
from linocut.graph.network import Network
from linocut.graph.prune import Kept
from linocut.graph.queries import BINARY, carried
from linocut.layers import (
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    BinaryComplexConvolution,
    BinaryComplexDense,
    ComplexConvolution,
    ComplexDense,
    ComplexNorm,
    Dense,
    Flatten,
    GlobalAveragePool,
    HardTanh,
    MaxPool,
    RealConvolution,
    Sign,
    SpectralPool,
    SumPool,
)
from linocut.layers.complex_norm import GAINS
from linocut.layers.parameters import WEIGHT
from linocut.layers.weights import PART
from linocut.ops.bits import Array

COMPLEX = (BinaryComplexConvolution, BinaryComplexDense, ComplexConvolution, ComplexDense)
PRODUCTS = (*BINARY, RealConvolution, Dense, ComplexConvolution, ComplexDense)
KEEPS = (
    *(BatchNorm, ComplexNorm, Sign, HardTanh, Activation, MaxPool, AveragePool, SumPool, SpectralPool, Add),
    *(Flatten, GlobalAveragePool),
)


@dataclass(frozen=True)
class Narrowed:
    """The smaller network, which channels of each node's output are kept, and of how many; complex ones count once."""

    network: Network
    channels: Mapping[str, Array]
    of: Mapping[str, int]


def narrow(network: Network, state: Mapping[str, Array], rate: float) -> Narrowed:
    """The network with one channel in sqrt(rate), those whose filters have the largest weights in a `state`.

    SpecError for a network whose channels cannot be left out.
    """
    graph = network.graph
    spaces = _Spaces(graph)
    channels = spaces.chosen(state, rate)
    entries = []
    for node in graph.nodes:
        layer: Any = node.layer
        if node.name in channels and isinstance(layer, PRODUCTS):
            outputs: dict[str, Any] = {"units" if hasattr(layer, "units") else "filters": len(channels[node.name])}
            layer = replace(layer, **outputs)
        wired = layer.named(node.name)
        givers = tuple(edge.node for edge in node.inputs if edge.node)
        entries.append(wired.after(*givers) if givers else wired)
    named = Network(network.name, tuple(entries))
    return Narrowed(named, channels, {name: spaces.width(name) for name in channels})


def carried_over(graph: Graph, narrowed: Narrowed, state: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters of the smaller network, by name, of those of the whole one."""
    found = {}
    for node in graph.nodes:
        for parameter in carried(node):
            values = state[parameter.name]
            if isinstance(node.layer, PRODUCTS) and parameter.use == WEIGHT:
                values = _of_inputs(values, graph, node, narrowed)
                own = narrowed.channels.get(node.name)
                values = values if own is None else values[own]
            else:
                values = _of_channels(values, node, narrowed, halves=parameter.part != GAINS)
            found[parameter.name] = np.ascontiguousarray(values)
    return found


def kept_channels(whole: Graph, smaller: Graph) -> tuple[Kept, ...]:
    """What each layer with binary weights keeps where channels were left out: weights, and words of its outputs."""
    return tuple(Kept.between(node, smaller.node(node.name)) for node in whole.nodes if isinstance(node.layer, BINARY))


def _of_channels(values: Array, node: Node, narrowed: Narrowed, *, halves: bool) -> Array:
    """Of (rows, channels) those that the node's output keeps; both parts of complex ones, or one (`halves` False)."""
    own = narrowed.channels.get(node.name)
    if own is None:
        return values
    width = narrowed.of[node.name]
    if values.shape[-1] not in (width, 2 * width):
        raise SpecError(f"{node.name} is of flattened channels, which cannot be left out; prune by another kind")
    both = np.concatenate([own, own + width]) if halves and values.shape[-1] == 2 * width else own
    return values[..., both]


def _of_inputs(values: Array, graph: Graph, node: Node, narrowed: Narrowed) -> Array:
    """Of weights (outputs, ..., inputs) those inputs that are kept; of flattened images those of all pixels."""
    giver = node.input.node
    own = narrowed.channels.get(giver)
    if own is None:
        return values
    width = narrowed.of[giver]
    source = graph.by_name[giver]
    while isinstance(source.layer, (Sign, BatchNorm, Activation, HardTanh)) and source.input.node in graph.by_name:
        source = graph.by_name[source.input.node]
    channels = source.input.shape[-1] if isinstance(source.layer, Flatten) else values.shape[-1]
    pixels = values.shape[-1] // channels
    both = np.concatenate([own, own + width]) if channels == 2 * width else own
    apart = values.reshape(*values.shape[:-1], pixels, channels)[..., both]
    return apart.reshape(*values.shape[:-1], -1)


@dataclass
class _Spaces:
    """Which nodes' outputs have the same channels; spaces are joined by what keeps channels, and by sums."""

    graph: Graph
    of: dict[str, str] = field(default_factory=dict)  # by node: the node that stands for its space
    fixed: set[str] = field(default_factory=set)  # spaces that stay as they are

    def __post_init__(self) -> None:
        for node in self.graph.nodes:
            self.of[node.name] = node.name
            if isinstance(node.layer, PRODUCTS):
                continue
            if isinstance(node.layer, KEEPS):
                for edge in node.inputs:
                    if edge.node in self.of:
                        self._join(edge.node, node.name)
                    else:
                        self.fixed.add(self.root(node.name))
                continue
            self._fix_around(node)

    def root(self, name: str) -> str:
        """The node that stands for a node's space."""
        while self.of[name] != name:
            name = self.of[name]
        return name

    def width(self, name: str) -> int:
        """How many channels the space of a node has, complex ones counted once."""
        return max(_outputs(node) for node in self.makers(self.root(name)))

    def makers(self, space: str) -> list[Node]:
        """The layers whose products are a space."""
        return [n for n in self.graph.nodes if isinstance(n.layer, PRODUCTS) and self.root(n.name) == space]

    def chosen(self, state: Mapping[str, Array], rate: float) -> dict[str, Array]:
        """Which channels each node keeps, of those spaces that lose some: the largest, in order."""
        found = {}
        for space in dict.fromkeys(self.root(node.name) for node in self.graph.nodes):
            binary = [node for node in self.makers(space) if isinstance(node.layer, BINARY)]
            if not binary or space in {self.root(name) for name in self.fixed}:
                continue
            score = np.sum([_sizes(state[f"{node.name}.{PART}"]) for node in binary], axis=0)
            keep = round(len(score) / math.sqrt(rate))
            if keep < 1:
                raise SpecError(
                    f"rate {rate:g} leaves no channel of {binary[0].name}, which has {len(score)}; take a rate below "
                    f"{4 * len(score) ** 2:,}"
                )
            found[space] = np.sort(np.argsort(-score, kind="stable")[:keep])
        if not found:
            raise SpecError(f"{self.graph.name} has no channels that can be left out; prune by another kind")
        return {node.name: found[self.root(node.name)] for node in self.graph.nodes if self.root(node.name) in found}

    def _join(self, one: str, other: str) -> None:
        a, b = self.root(one), self.root(other)
        if a != b:
            self.of[b] = a
            if b in self.fixed:
                self.fixed.add(a)

    def _fix_around(self, node: Node) -> None:
        """What a node of another kind reads and gives keeps its channels."""
        self.fixed.add(self.root(node.name))
        self.fixed.update(self.root(edge.node) for edge in node.inputs if edge.node in self.of)


def _sizes(weights: Array) -> Array:
    """The magnitude of each output's filter, float64 (outputs,)."""
    return np.asarray(np.abs(weights.astype(np.float64)).reshape(len(weights), -1).sum(axis=1))


def _outputs(node: Node) -> int:
    """Outputs of a product, complex ones counted once."""
    return node.parameter(PART).shape[0]
