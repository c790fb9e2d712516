"""Questions about a graph's structure that several rooms ask."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from linocut.graph.graph import Graph, Node
from linocut.layers import (
    Activation,
    Add,
    BatchNorm,
    BinaryComplexConvolution,
    BinaryComplexDense,
    BinaryConvolution,
    BinaryDense,
    Code,
    ComplexNorm,
    Flatten,
    MaxPool,
    Quantise,
    QuantisedLayer,
    Sign,
    SumPool,
)
from linocut.layers.kinds import BITS, INPUT, PRODUCT
from linocut.layers.parameters import CONSTANT, WEIGHT, Parameter
from linocut.layers.recurrent import Recurrent
from linocut.layers.shape import Shape

BINARY = (BinaryDense, BinaryConvolution, BinaryComplexDense, BinaryComplexConvolution)  # layers that give products


def norms(graph: Graph) -> tuple[Node, ...]:
    """The batch norms, complex ones too, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, (BatchNorm, ComplexNorm)))


def has_recurrent(graph: Graph) -> bool:
    """Whether a layer has states that go from step to step of a sequence."""
    return any(isinstance(node.layer, Recurrent) for node in graph.nodes)


def signed_norms(graph: Graph) -> tuple[Node, ...]:
    """Those of which a sign alone reads what they give."""
    real = (node for node in graph.nodes if isinstance(node.layer, BatchNorm))
    return tuple(node for node in real if sign_of(graph, node) is not None)


def sign_of(graph: Graph, norm: Node) -> Node | None:
    """The sign that alone reads what a norm gives, None for any other reader."""
    reader = graph.only_reader(norm.name)
    return reader if reader is not None and isinstance(reader.layer, Sign) else None


def product_of(graph: Graph, norm: Node) -> Node | None:
    """The layer with weights of few bits whose products, pooled or not, a norm is of; None for any other input."""
    node = graph.by_name.get(norm.input.node)
    while node is not None and isinstance(node.layer, (MaxPool, SumPool)):
        node = graph.by_name.get(node.input.node)
    if node is None or not isinstance(node.layer, (*BINARY, QuantisedLayer)):
        return None
    return node if node.output.kind == PRODUCT else None


def reads_bytes(graph: Graph, node: Node) -> bool:
    """Whether a node reads bytes of the network's input, and not what a layer made of them."""
    while node.input.kind == INPUT and node.input.node in graph.by_name:
        node = graph.by_name[node.input.node]
        if isinstance(node.layer, Code):
            return False
    return node.input.kind == INPUT and graph.input.is_bytes


def carried(node: Node) -> list[Parameter]:
    """What a layer learned and observed; constants are of the network that has them."""
    return [parameter for parameter in node.parameters if parameter.use != CONSTANT]


def head(graph: Graph) -> tuple[Node, ...]:
    """The layers that give a network's outputs: the last that have weights, and the norms behind them, in order.

    Their rows are those of classes, or of numbers that are predicted.
    """
    found, ways = set(), list(graph.nodes[-1].inputs)
    while ways:
        node = graph.by_name.get(ways.pop().node)
        if node is None or node.name in found:
            continue
        if carried(node):
            found.add(node.name)
        if not carried(node) or isinstance(node.layer, (BatchNorm, ComplexNorm)):
            ways.extend(node.inputs)
    return tuple(node for node in graph.nodes if node.name in found)


def max_pools(graph: Graph) -> tuple[Node, ...]:
    """The max-pools, in order."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, MaxPool))


def next_weights(graph: Graph, name: str) -> str | None:
    """The nearest layer with weights that a layer's outputs come to, None where that is none but the loss."""
    return next((node.name for node in _ahead(graph, name) if _has_weights(node)), None)


def estimator_behind(graph: Graph, name: str) -> str | None:
    """The nearest sign or quantise that a layer's outputs come to before other layers with weights, None for none."""
    return next((node.name for node in _ahead(graph, name) if isinstance(node.layer, (Sign, Quantise))), None)


def activation_behind(graph: Graph, name: str) -> str | None:
    """The kind of the activation that a layer's outputs come to as they are; None behind a norm, and for none."""
    for node in _ahead(graph, name):
        if isinstance(node.layer, BatchNorm):
            return None
        if isinstance(node.layer, Activation):
            return node.layer.kind
    return None


def _ahead(graph: Graph, name: str) -> Iterator[Node]:
    """The nodes that a node's outputs come to, nearest first, as far as those with weights."""
    waiting, seen = deque(graph.readers(name)), set()
    while waiting:
        node = waiting.popleft()
        if node.name not in seen:
            seen.add(node.name)
            yield node
            if not _has_weights(node):
                waiting.extend(graph.readers(node.name))


def _has_weights(node: Node) -> bool:
    return any(parameter.use == WEIGHT for parameter in node.parameters)


def multiplies_signs(graph: Graph) -> bool:
    """Whether a layer multiplies signs by binary weights."""
    return any(isinstance(node.layer, BINARY) and node.input.kind == BITS for node in graph.nodes)


def complex_factors(graph: Graph) -> int:
    """How many complex factors norms of complex channels have, one a channel."""
    norms = (node for node in graph.nodes if isinstance(node.layer, ComplexNorm) and node.layer.scale)
    return sum(node.output.shape[-1] // 2 for node in norms)


def sums(graph: Graph) -> tuple[Node, ...]:
    """The nodes that add what several others give, such as the ends of residuals."""
    return tuple(node for node in graph.nodes if isinstance(node.layer, Add))


def norm_behind(graph: Graph, node: Node) -> Node | None:
    """The batch norm that alone reads what a node gives, with max-pools between at most."""
    reader = graph.only_reader(node.name)
    while reader is not None and isinstance(reader.layer, (MaxPool, SumPool)):
        reader = graph.only_reader(reader.name)
    return reader if reader is not None and isinstance(reader.layer, BatchNorm) else None


def is_scaled(product: Node) -> bool:
    """Whether a layer with binary weights scales its outputs by the mean size of their weights."""
    return isinstance(product.layer, BinaryConvolution) and product.layer.scaled


def of_levels(product: Node) -> QuantisedLayer | None:
    """The layer of a node whose weights are levels, None for any other."""
    return product.layer if isinstance(product.layer, QuantisedLayer) else None


def is_signed(graph: Graph, node: Node) -> bool:
    """Whether of what a node gives signs alone are taken."""
    return all(isinstance(reader.layer, Sign) for reader in graph.readers(node.name))


def flattened_image(graph: Graph, node: Node) -> Shape | None:
    """The shape (height, width, channels) whose flattened elements a node reads, None where it reads another thing."""
    while isinstance(graph.giver(node).layer, (Sign, Quantise, BatchNorm, Activation)):
        node = graph.giver(node)
    flatten = graph.giver(node)
    shape = flatten.input.shape
    return shape if isinstance(flatten.layer, Flatten) and len(shape) == 3 else None
