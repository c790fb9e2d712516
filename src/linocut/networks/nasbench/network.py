"""A cell as a network that trains: NASBench-101's three stacks of three cells, in floats or binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from linocut.errors import SpecError
from linocut.fields import flag
from linocut.graph.network import Network
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryConv2D,
    Concat,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    ReLU,
    Sign,
    Slice,
    SoftmaxCrossEntropy,
    Wired,
)
from linocut.networks.nasbench.cell import MAXPOOL3X3, Cell, adjacency, digits
from linocut.networks.nasbench.channels import channels
from linocut.networks.nasbench.operations import CLASSES, KERNELS, REPEATS, STACKS, STEM
from linocut.networks.nasbench.read import CellLike, read_cell
from linocut.networks.shapes import CIFAR
from linocut.ops.bits import Array
from linocut.settings_of import as_plain

MADE_OF = (Input, Conv2D, BatchNorm, ReLU, MaxPool2D, Add, Concat, Slice, GlobalAveragePool, Dense, SoftmaxCrossEntropy)
KINDS = tuple(layer.kind for layer in MADE_OF)  # of the layers that a cell's network in floats may have


def network(
    cell: CellLike,
    binary: bool = False,
    input_shape: Sequence[int] = CIFAR,
    classes: int = CLASSES,
    dtype: str = "u8",
    stem: int = STEM,
    repeats: int = REPEATS,
) -> Network:
    """The network of a cell (anything that `read_cell` takes): (height, width, channels) to (classes,).

    In floats a convolution is conv, batch norm with a scale, ReLU, as NASBench-101 has it. With `binary` it is sign,
    binary convolution, batch norm; the first convolution and the last layer stay in full precision. `stem` is the
    number of the first convolution's filters and `repeats` that of a stack's cells: fewer make small networks.
    SpecError for what is no cell, for a `binary` that is not True or False, and for images, filters or cells that do
    not fit.
    """
    described = read_cell(cell)
    flag(binary, "binary of a NASBench network")
    for name, value in (("stem", stem), ("repeats", repeats)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise SpecError(f"{name} of a NASBench network is {value!r}, must be a whole number, 1 or more")
    ends = sum(to == described.vertices - 1 and begin > 0 for begin, to in described.edges)
    if stem < ends:
        raise SpecError(f"stem is {stem}, must be {ends} or more: so many vertices share the channels of this cell")
    building = _Building(described, binary)
    building.add(Input(as_plain(input_shape), dtype))
    building.add(Conv2D(stem, 3))
    building.add(BatchNorm(scale=not binary))
    last = building.add(ReLU(), name="stem") if not binary else building.named("stem")
    width = stem
    for stack in range(1, STACKS + 1):
        if stack > 1:
            last, width = building.add(MaxPool2D(), name=f"pool{stack}"), 2 * width
        for number in range(1, repeats + 1):
            last = building.cell(f"s{stack}c{number}", last, width)
    if binary:
        building.add(ReLU())
    building.add(GlobalAveragePool())
    building.add(Dense(classes, bias=True))
    building.add(SoftmaxCrossEntropy())
    kind = "binary" if binary else "float"
    return Network(f"nasbench-{described.bits}-{described.labels}-{kind}", tuple(building.layers))


@dataclass
class _Building:
    """Layers so far; a layer that is added reads the one before it, unless it says after which it comes."""

    of: Cell
    binary: bool
    layers: list[Layer | Wired] = field(default_factory=list)

    def add(self, layer: Layer, *sources: str, name: str = "") -> str:
        """One layer more; returns its name."""
        self.layers.append(Wired(layer, name, sources) if name or sources else layer)
        return name

    def named(self, name: str) -> str:
        """Give the last layer a name."""
        last = self.layers[-1]
        self.layers[-1] = last.named(name)
        return name

    def convolution(self, filters: int, kernel: int, source: str, name: str) -> str:
        """conv, norm, ReLU of what `source` gives; with binary ones sign, conv, norm."""
        if self.binary:
            self.add(Sign(), source)
            return self._binary(filters, kernel, name)
        self.add(Conv2D(filters, kernel), source)
        self.add(BatchNorm(scale=True))
        return self.add(ReLU(), name=name)

    def _binary(self, filters: int, kernel: int, name: str, *sources: str) -> str:
        self.add(BinaryConv2D(filters, kernel), *sources)
        return self.add(BatchNorm(), name=name)

    def cell(self, name: str, given: str, outputs: int) -> str:
        """One cell, which reads the layer `given`; returns the name of its last layer."""
        edges = adjacency(self.of.vertices, np.array([self.of.bits]))
        widths, edges = channels(edges, outputs)[0], edges[0]
        projections = self._projections(name, given, edges, widths)
        for vertex in range(1, self.of.vertices - 1):
            self._vertex(name, vertex, edges[:, vertex], widths, projections)
        ends = [f"{name}v{vertex}" for vertex in range(1, self.of.vertices - 1) if edges[vertex, -1]]
        last = f"{name}v{self.of.vertices - 1}"
        if not ends:
            return projections[self.of.vertices - 1]
        joined = self.add(Concat(), *ends, name=f"{name}ends") if len(ends) > 1 else ends[0]
        if not edges[0, -1]:
            return joined
        return self.add(Add(), joined, projections[self.of.vertices - 1], name=last)

    def _projections(self, name: str, given: str, edges: Array, widths: Array) -> dict[int, str]:
        """The cell's input as each vertex that it goes to takes it: through a 1 x 1 convolution of its own."""
        signs = self.add(Sign(), given, name=f"{name}in") if self.binary else given
        found = {}
        for vertex in np.flatnonzero(edges[0]).tolist():
            into = f"{name}v{vertex}in"
            if self.binary:
                found[vertex] = self._binary(int(widths[vertex]), 1, into, signs)
            else:
                found[vertex] = self.convolution(int(widths[vertex]), 1, given, into)
        return found

    def _vertex(self, name: str, vertex: int, edges: Array, widths: Array, projections: dict[int, str]) -> None:
        """Add what enters a vertex, cut to its channels, and do its operation."""
        count, own = int(widths[vertex]), f"{name}v{vertex}"
        arms = [projections[vertex]] if edges[0] else []
        for other in np.flatnonzero(edges[1:]).tolist():
            source = f"{name}v{other + 1}"
            cut = widths[other + 1] > count
            arms.append(self.add(Slice(0, count), source, name=f"{own}from{other + 1}") if cut else source)
        entered = self.add(Add(), *arms, name=f"{own}sum") if len(arms) > 1 else arms[0]
        label = int(digits(self.of.vertices)[self.of.labels, vertex - 1])
        if label == MAXPOOL3X3:
            self.add(MaxPool2D(3, 1, "same"), entered, name=own)
        else:
            self.convolution(count, KERNELS[label], entered, own)
