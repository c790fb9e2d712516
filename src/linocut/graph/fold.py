"""fold: a trained graph as an inference graph.

Weights of binary layers become bits, those of several bits planes of bits. A norm of their products that is followed by
sgn is one threshold per channel: x^ = +1 where y >= ceil(mu - beta deviation); a max-pool between the product and its
norm goes behind the threshold, which is monotone, so that it pools signs. One of integers that is quantised is 2**k - 1
thresholds. A norm of complex
channels and its sign are tests of integers, where they read products of complex signs and some tell all sums apart.
Other norms keep their floats.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linocut.errors import SpecError
from linocut.graph import inference
from linocut.graph.graph import Graph, Node
from linocut.graph.inference import (
    AVERAGE,
    BYTES,
    FLOATS,
    INTEGERS,
    LEVELS,
    MAX,
    SIGNS,
    SUM,
    InferenceGraph,
    InferenceNode,
)
from linocut.graph.inference_rules import check
from linocut.graph.queries import is_signed
from linocut.graph.sign_tests import as_lines, test_of
from linocut.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    AveragePool,
    BatchNorm,
    BinaryComplexConvolution,
    BinaryComplexDense,
    BinaryConvolution,
    BinaryDense,
    BlockCirculantDense,
    Code,
    ComplexConvolution,
    ComplexDense,
    ComplexNorm,
    Concat,
    Dense,
    Flatten,
    GlobalAveragePool,
    HardTanh,
    Input,
    Loss,
    MaxPool,
    Quantise,
    QuantisedLayer,
    RealConvolution,
    SequenceInput,
    SequencePool,
    Sign,
    Slice,
    SpectralPool,
    SumPool,
)
from linocut.layers.base import Shape
from linocut.layers.lstm import SIGMOID
from linocut.layers.pools import whole_window
from linocut.layers.recurrent import BACKWARD
from linocut.layers.spectral_pool import COLUMNS, ROWS
from linocut.layers.window import Window
from linocut.ops.bits import Array, pack, unpack
from linocut.ops.complex_block import blocked_bits, blocked_floats
from linocut.ops.keep_words import kept_words

COMPLEX = BinaryComplexDense, BinaryComplexConvolution
MOST_PAIRS = 2**13  # sums of so many complex products are looked through for tests of integers


@dataclass(frozen=True)
class Norm:
    """A batch norm in prediction, float64 (channels,): (y - mean) / deviation [* gain] + shift, as Affine has it."""

    mean: Array
    deviation: Array
    shift: Array
    gain: Array | None = None


@dataclass(frozen=True)
class ComplexParts:
    """A complex norm in prediction, as ComplexAffine has it: float32 (channels,), gains (G, channels / 2)."""

    mean: Array
    deviation: Array
    gains: Array
    shift: Array | None


@dataclass(frozen=True)
class Pruned:
    """Which weights of a node are pruned, booleans (outputs, ..., inputs), and whether kept lanes are joined."""

    weights: Array
    joined: bool


class Source(ABC):
    """Where a network's parameters are from: a training's state, or an older model file."""

    coded: bool  # whether floats of the input are coded as bytes

    @abstractmethod
    def signs(self, node: Node) -> Array:
        """The packed signs of a node's binary weights."""

    def pruned(self, node: Node) -> Pruned | None:
        """What is pruned of a node's binary weights, None of one that is never pruned."""
        return None

    @abstractmethod
    def planes(self, node: Node) -> Array:
        """The planes of the levels of a node's weights, packed (bits, outputs, ..., words)."""

    @abstractmethod
    def weights(self, node: Node) -> Array:
        """A node's weights in full precision, float32 (outputs, ..., inputs)."""

    @abstractmethod
    def bias(self, node: Node) -> Array:
        """A node's bias, float32 (outputs,)."""

    @abstractmethod
    def part(self, node: Node, part: str) -> Array:
        """Any parameter of a node in full precision, float32, of its shape."""

    @abstractmethod
    def norm(self, node: Node, product: Node | None) -> Norm:
        """A batch norm, of what `product` gives where that is a layer with binary weights."""

    @abstractmethod
    def complex_norm(self, node: Node, product: Node | None) -> ComplexParts:
        """A norm of complex channels, of what `product` gives where that is a layer with binary weights."""

    @abstractmethod
    def least(self, node: Node, product: Node, *, whole: bool) -> Array:
        """The threshold of a batch norm and its sign: int32 (channels,) of integers (`whole`), else float32."""

    @abstractmethod
    def of_levels(self, node: Node) -> Norm:
        """What makes floats in units of 1 of the sums of a node's levels, as a norm does."""

    @abstractmethod
    def levels(self, node: Node, product: Node, bits: int) -> Array:
        """The least integers of all levels but the lowest, behind a batch norm: int32 (2**bits - 1, channels)."""


def fold(graph: Graph, source: Source) -> InferenceGraph:
    """The inference graph of a network whose parameters `source` has."""
    folder = _Folder(graph, source)
    for node in graph.nodes:
        folder.fold(node)
    found = InferenceGraph(graph.name, tuple(folder.nodes.values()), graph.classes)
    check(found)
    return found


@dataclass
class _Folder:
    """Folds node by node; `products` are the values that are products of binary layers, possibly pooled, by layer."""

    graph: Graph
    source: Source
    nodes: dict[str, InferenceNode] = field(default_factory=dict)
    products: dict[str, Node] = field(default_factory=dict)
    pools: dict[str, Window] = field(default_factory=dict)  # that wait for the threshold of their product

    def fold(self, node: Node) -> None:
        """Add what a node is in prediction."""
        name, layer, shape = node.name, node.layer, node.output.shape
        sources = tuple(edge.node for edge in node.inputs)
        match layer:
            case SequenceInput():
                about = (layer.dtype, layer.low, layer.high, False)
                self._put(inference.SequenceCoding(name, (), shape, FLOATS, *about))
            case BlockCirculantDense():
                self._put(self._circulant_product(node, sources))
            case LSTM() | GRU():
                self._recurrent(node, sources, layer)
            case SequencePool():
                self._put(inference.SequencePool(name, sources, shape, FLOATS, layer.function))
            case Input():
                gives = BYTES if layer.is_bytes or self.source.coded else FLOATS
                coded = self.source.coded and not layer.is_bytes
                self._put(inference.InputCoding(name, (), shape, gives, layer.dtype, layer.low, layer.high, coded))
            case BinaryDense() | BinaryConvolution():
                self._put(self._binary_product(node, sources, getattr(layer, "window", None)))
                self.products[name] = node
            case QuantisedLayer():
                self._levels_product(node, layer, sources, getattr(layer, "window", None))
            case BinaryComplexDense() | BinaryComplexConvolution():
                self._put(self._binary_product(node, sources, getattr(layer, "window", None)))
                self.products[name] = node
            case RealConvolution() | Dense() | ComplexConvolution() | ComplexDense():
                self._put(self._real_product(node, sources, getattr(layer, "window", None)))
            case MaxPool():
                self._max_pool(node, sources, layer.window)
            case AveragePool():
                self._put(inference.Pool(name, sources, shape, FLOATS, AVERAGE, layer.window))
            case GlobalAveragePool():
                self._global_pool(node, sources)
            case SumPool():
                self._put(inference.Pool(name, sources, shape, self._gives(sources), SUM, layer.window))
                self.products[name] = self.products[sources[0]]
            case SpectralPool():
                matrices = (self.source.part(node, part) for part in (ROWS, COLUMNS))
                self._put(inference.SpectralPool(name, sources, shape, FLOATS, *matrices))
            case ComplexNorm():
                self._complex_norm(node, sources)
            case HardTanh():
                if not is_signed(self.graph, node):  # signs are those of what is not clipped
                    self._put(inference.Clip(name, sources, shape, FLOATS, layer.limit))
            case Code():
                self._code(node, sources, layer.limit)
            case BatchNorm():
                self._norm(node, sources)
            case Quantise() if layer.bits > 1:
                self._quantise(node, layer.bits, sources)
            case Sign() | Quantise():
                self._sign(node, sources)
            case Activation():
                self._put(inference.Activation(name, sources, shape, FLOATS, layer.kind))
            case Add():
                self._put(inference.Add(name, sources, shape, FLOATS))
            case Flatten():
                self._put(inference.Flatten(name, sources, shape, self._gives(sources)))
            case Concat():
                self._concat(node, sources)
            case Slice():
                self._put(inference.Slice(name, sources, shape, self._gives(sources), layer.begin))
            case Loss():
                self._put(inference.Logits(name, sources, shape, FLOATS, layer.function))
            case _:
                raise SpecError(
                    f"{name}: a {layer.kind} cannot be trained or run, only counted and exported; replace it"
                )

    def _put(self, node: InferenceNode) -> None:
        self.nodes[node.name] = node

    def _gives(self, sources: Sequence[str]) -> str:
        return self.nodes[sources[0]].gives

    def _binary_product(self, node: Node, sources: tuple[str, ...], window: Window | None) -> InferenceNode:
        given, depth = self._gives(sources), node.input.shape[-1]
        signs, shape = self.source.signs(node), node.output.shape
        if isinstance(node.layer, COMPLEX):
            signs = blocked_bits(signs, depth)
        if given == SIGNS and (pruned := self.source.pruned(node)) is not None:
            return self._pruned_product(node, sources, window, unpack(signs, depth), pruned)
        if given == SIGNS:
            return inference.BinaryProduct(node.name, sources, shape, INTEGERS, depth, window, signs)
        gives = INTEGERS if given == BYTES else FLOATS
        return inference.RealProduct(node.name, sources, shape, gives, depth, window, True, signs)

    def _pruned_product(
        self, node: Node, sources: tuple[str, ...], window: Window | None, signs: Array, pruned: Pruned
    ) -> InferenceNode:
        """Of signs as rows, several of which may be of one output's weights."""
        taps = (1, 1) if window is None else window.size
        shape = *taps, signs.shape[-1]
        parts = 2 if isinstance(node.layer, COMPLEX) else 1
        kept = ~pruned.weights.reshape(-1, *shape)
        ends, places, of_kept, lanes, union = kept_words(signs.reshape(-1, *shape), kept, parts, pruned.joined)
        about = (node.name, sources, node.output.shape, INTEGERS, shape[-1], window, parts, pruned.joined)
        return inference.PrunedProduct(*about, len(places), ends, places, of_kept, lanes, pack(union))

    def _levels_product(
        self, node: Node, layer: QuantisedLayer, sources: tuple[str, ...], window: Window | None
    ) -> None:
        """Of signs times signs the product of a binary layer; where it gives floats, they follow."""
        name = f"{node.name}.sums" if layer.floats else node.name
        about = (name, sources, node.output.shape, INTEGERS, node.input.shape[-1], window)
        if layer.bits == 1 and self._gives(sources) == SIGNS:
            self._put(inference.BinaryProduct(*about, self.source.signs(node)))
        else:
            self._put(inference.LevelsProduct(*about, layer.bits, self.source.planes(node)))
        if layer.floats:
            self._put_affine(node, name, self.source.of_levels(node))
        else:
            self.products[node.name] = node

    def _real_product(self, node: Node, sources: tuple[str, ...], window: Window | None) -> InferenceNode:
        weights = self.source.weights(node)
        if isinstance(node.layer, (ComplexConvolution, ComplexDense)):
            weights = blocked_floats(weights)
        if window is None:
            weights = weights.reshape(len(weights), -1)
        biased = any(parameter.part == "bias" for parameter in node.parameters)
        bias = self.source.bias(node) if biased else None
        depth, shape = node.input.shape[-1], node.output.shape
        return inference.RealProduct(node.name, sources, shape, FLOATS, depth, window, False, weights, bias)

    def _circulant_product(self, node: Node, sources: tuple[str, ...]) -> InferenceNode:
        biased = any(parameter.part == "bias" for parameter in node.parameters)
        bias = self.source.bias(node) if biased else None
        weights = self.source.weights(node)
        block = weights.shape[-1]
        return inference.CirculantProduct(node.name, sources, node.output.shape, FLOATS, block, weights, bias)

    def _recurrent(self, node: Node, sources: tuple[str, ...], layer: LSTM | GRU) -> None:
        """A node for each direction, and their sum where there are two."""
        names = [f"{node.name}.{'backward' if prefix else 'forward'}" for prefix in layer.directions]
        if len(names) == 1:
            names = [node.name]
        for name, prefix in zip(names, layer.directions, strict=True):
            self._put(self._direction(node, name, sources, layer, prefix))
        if len(names) > 1:
            self._put(inference.Add(node.name, tuple(names), node.output.shape, FLOATS))

    def _direction(
        self, node: Node, name: str, sources: tuple[str, ...], layer: LSTM | GRU, prefix: str
    ) -> InferenceNode:
        own = [one.part for one in node.parameters if one.part.startswith(BACKWARD) == (prefix == BACKWARD)]
        arrays: dict[str, Any] = {part[len(prefix) :]: self.source.part(node, part) for part in own}
        arrays["bias"] = arrays["bias"][0]
        sigmoid = isinstance(layer, LSTM) and layer.candidate == SIGMOID
        bound = float(layer.clip) if isinstance(layer, LSTM) else 0.0
        about = (layer.kind, layer.units, layer.block, sigmoid, bound, prefix == BACKWARD)
        return inference.Recurrent(name, sources, node.output.shape, FLOATS, *about, **arrays)

    def _concat(self, node: Node, sources: tuple[str, ...]) -> None:
        """Bytes among floats become floats."""
        kinds = {self.nodes[source].gives for source in sources}
        if kinds == {BYTES, FLOATS}:
            sources = tuple(self._numbers(source) for source in sources)
        self._put(inference.Concat(node.name, sources, node.output.shape, self._gives(sources)))

    def _numbers(self, source: str) -> str:
        """The name of a value in floats: of bytes a node of its own."""
        given, name = self.nodes[source], f"{source}.numbers"
        if given.gives != BYTES:
            return source
        if name not in self.nodes:
            self._put(_unchanged(name, (source,), given.shape))
        return name

    def _code(self, node: Node, sources: tuple[str, ...], limit: float) -> None:
        if self.source.coded:
            self._put(inference.Coding(node.name, sources, node.output.shape, BYTES, limit))
        else:
            self._put(_unchanged(node.name, sources, node.output.shape))

    def _complex_norm(self, node: Node, sources: tuple[str, ...]) -> None:
        found = self.source.complex_norm(node, self.products.get(sources[0]))
        parts = found.mean, found.deviation, found.gains, found.shift
        shape = node.output.shape
        self._put(inference.ComplexAffine(node.name, sources, shape, FLOATS, len(found.gains), *parts))

    def _max_pool(self, node: Node, sources: tuple[str, ...], window: Window) -> None:
        given = sources[0]
        if given in self.products and self._folds(node, signs=True):
            self.pools[node.name], self.products[node.name] = window, self.products[given]
            return
        self._put(inference.Pool(node.name, sources, node.output.shape, self._gives(sources), MAX, window))
        if given in self.products:
            self.products[node.name] = self.products[given]

    def _folds(self, node: Node, *, signs: bool) -> bool:
        """Whether a norm, or that which alone reads a node, becomes the thresholds of what alone reads it.

        That is a sign or, of integers and unless `signs` alone are asked for, a quantise.
        """
        norm = node if isinstance(node.layer, BatchNorm) else self.graph.only_reader(node.name)
        if norm is None or not isinstance(norm.layer, BatchNorm) or norm.layer.scale:
            return False
        reader = self.graph.only_reader(norm.name)
        layer = None if reader is None else reader.layer
        if isinstance(layer, Quantise) and layer.bits > 1:
            given = self.nodes.get(norm.input.node)
            return not signs and given is not None and given.gives == INTEGERS
        return isinstance(layer, (Sign, Quantise))

    def _global_pool(self, node: Node, sources: tuple[str, ...]) -> None:
        """A pool over all of the image, and then a vector."""
        window = whole_window(node.layer.kind, node.input.shape)
        pooled = f"{node.name}.pool"
        shape = (*window.over(node.input.shape), *node.output.shape)
        self._put(inference.Pool(pooled, sources, shape, FLOATS, AVERAGE, window))
        self._put(inference.Flatten(node.name, (pooled,), node.output.shape, FLOATS))

    def _norm(self, node: Node, sources: tuple[str, ...]) -> None:
        if sources[0] in self.products and self._folds(node, signs=False):
            return  # its reader makes the thresholds
        self._put_affine(node, sources[0], self.source.norm(node, self.products.get(sources[0])))

    def _put_affine(self, node: Node, source: str, norm: Norm) -> None:
        mean, deviation, shift = (part.astype(np.float32) for part in (norm.mean, norm.deviation, norm.shift))
        gain = None if norm.gain is None else norm.gain.astype(np.float32)
        self._put(inference.Affine(node.name, (source,), node.output.shape, FLOATS, mean, deviation, shift, gain))

    def _sign(self, node: Node, sources: tuple[str, ...]) -> None:
        norm = self.graph.by_name[sources[0]]
        if isinstance(norm.layer, HardTanh) and norm.name not in self.nodes:
            sources = (norm.input.node,)
            norm = self.graph.by_name[sources[0]]
        given = self.nodes.get(sources[0])
        if isinstance(given, inference.ComplexAffine) and self._complex_sign(node, given):
            return
        if given is not None:  # numbers: +1 from 0 on
            zeros = np.zeros(node.output.shape[-1], np.float32)
            self._put(inference.Threshold(node.name, sources, node.output.shape, SIGNS, zeros))
            return
        sums = norm.input.node
        product, window = self.products[sums], self.pools.get(sums)
        first = sums if window is None else self._before(sums)
        least = self.source.least(norm, product, whole=self.nodes[product.name].gives == INTEGERS)
        if window is None:
            self._put(inference.Threshold(node.name, (first,), node.output.shape, SIGNS, least))
            return
        self._put(inference.Threshold(norm.name, (first,), self._shape(first), SIGNS, least))
        self._put(inference.Pool(node.name, (norm.name,), node.output.shape, SIGNS, MAX, window))

    def _complex_sign(self, node: Node, norm: inference.ComplexAffine) -> bool:
        """Whether a norm of sums that this sign alone reads was folded with it: where integers tell every sum."""
        reader = self.graph.only_reader(norm.name)
        if reader is not None and isinstance(reader.layer, HardTanh):
            reader = self.graph.only_reader(reader.name)
        most = self._most_pairs(norm.inputs[0])
        if reader is not node or not 0 < most <= MOST_PAIRS:
            return False
        test = test_of(norm, 2, most)
        if test.inexact:
            return False
        del self.nodes[norm.name]
        lines = as_lines(test)
        self._put(inference.ComplexThreshold(node.name, norm.inputs, node.output.shape, SIGNS, *lines))
        return True

    def _most_pairs(self, name: str) -> int:
        """The largest sum of products of complex signs, halved; 0 of what is none, real products among them."""
        layer = self.products[name].layer if name in self.products else None
        if not isinstance(layer, COMPLEX):
            return 0
        match self.nodes[name]:
            case inference.Pool(function="sum", window=window, inputs=(source,)):
                return self._most_pairs(source) * window.size[0] * window.size[1]
            case inference.BinaryProduct() | inference.PrunedProduct() as product:
                taps = 1 if product.window is None else product.window.size[0] * product.window.size[1]
                return product.depth // 2 * taps
        return 0

    def _quantise(self, node: Node, bits: int, sources: tuple[str, ...]) -> None:
        norm, shape, gives = self.graph.by_name[sources[0]], node.output.shape, LEVELS[bits]
        if norm.name in self.nodes:
            self._put(inference.Quantise(node.name, sources, shape, gives, bits))
            return
        given = norm.input.node
        least = self.source.levels(norm, self.products[given], bits)
        self._put(inference.Quantise(node.name, (given,), shape, gives, bits, least))

    def _before(self, pool: str) -> str:
        """What a pool that waits reads."""
        return self.graph.by_name[pool].input.node

    def _shape(self, name: str) -> Shape:
        return self.nodes[name].shape


def _unchanged(name: str, sources: tuple[str, ...], shape: Shape) -> inference.Affine:
    """A node that gives what it reads, in floats."""
    zeros, ones = np.zeros(shape[-1], np.float32), np.ones(shape[-1], np.float32)
    return inference.Affine(name, sources, shape, FLOATS, zeros, ones, zeros)
