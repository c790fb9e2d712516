"""Layers in their places: names, shapes, kinds of values and costs, all of it checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from linocut.errors import SpecError
from linocut.layers.base import Cost, Layer, Shape
from linocut.layers.kinds import INPUT, NORMED, PRODUCT, REAL


@dataclass(frozen=True)
class Placed:
    """A layer in its place: its name within the network, the shape of one example before and after, its cost.

    `follower` is the kind of layer that comes next in its chain, "" for the last. `producer` is the name of the layer
    whose products it is given, possibly through a pool, "" where it is not given products. `branches` are the chains of
    a layer that is made of others.
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    input_kind: str
    output_kind: str
    cost: Cost
    follower: str = ""
    producer: str = ""
    branches: tuple[tuple[Placed, ...], ...] = ()

    def leaves(self) -> Iterator[Placed]:
        """Itself, or the layers that it is made of."""
        if not self.branches:
            yield self
        for branch in self.branches:
            for placed in branch:
                yield from placed.leaves()


@dataclass
class Placer:
    """Places chains of layers, numbering those of each kind through the whole network; SpecError for what misfits."""

    counts: dict[str, int] = field(default_factory=dict)

    def chain(self, layers: Sequence[Layer], shape: Shape, kind: str) -> tuple[Placed, ...]:
        """The layers of a chain that is given examples of this shape and kind."""
        chain: list[Placed] = []
        producer = ""
        for number, layer in enumerate(layers):
            follower = layers[number + 1].kind if number + 1 < len(layers) else ""
            placed = self._place(layer, shape, kind, follower, producer)
            chain.append(placed)
            shape, kind = placed.output_shape, placed.output_kind
            producer = "" if kind != PRODUCT else producer or placed.name
        return tuple(chain)

    def _place(self, layer: Layer, shape: Shape, kind: str, follower: str, producer: str) -> Placed:
        self.counts[layer.kind] = number = self.counts.get(layer.kind, 0) + 1
        name = f"{layer.kind}{number}"
        if reason := layer.refuses(kind):
            raise SpecError(f"{name} {reason}")
        inside = tuple(self.chain(branch, shape, REAL) for branch in layer.branches())
        for branch in inside:
            if branch and branch[-1].output_kind not in (REAL, NORMED):
                raise SpecError(f"{name}: a branch ends in {branch[-1].output_kind}; end it with a batch_norm")
        try:
            after, cost = layer.output_shape(shape), layer.cost(shape, kind)
        except SpecError as error:
            raise SpecError(f"{name}: {error}") from None
        return Placed(name, layer, shape, after, kind, layer.gives(kind), cost, follower, producer, inside)


def place(layers: Sequence[Layer], shape: Shape) -> tuple[Placed, ...]:
    """The layers of a network that is given examples of this shape."""
    return Placer().chain(layers, shape, INPUT)
