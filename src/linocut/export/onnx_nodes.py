"""The nodes of an inference graph as ONNX operators; how signs are stated is the business of a Dialect.

Everything between nodes is what it is in linocut, value by value: signs are the floats -1 and +1, levels the odd
integers that they count, integers are floats, which are exact up to 2^24, bytes are uint8. Images have their channels
first, as ONNX's operators want them. What a node gives has the node's name, its constants are called `node.part`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import numpy as np

from linocut.errors import SpecError
from linocut.export.complex_nodes import refuse_complex
from linocut.export.ends import IMAGE, LOGITS, tensor_of
from linocut.export.exact import BYTE, check_exact
from linocut.export.norms import factor
from linocut.export.onnx_model import OnnxModel
from linocut.export.padding import pads
from linocut.export.pruned_nodes import refuse_pruned
from linocut.export.recurrent import refuse
from linocut.graph.inference import (
    BYTES,
    INTEGERS,
    MAX,
    RELU,
    SIGMOID,
    TANH,
    Activation,
    Add,
    Affine,
    BinaryProduct,
    CirculantProduct,
    Clip,
    Coding,
    ComplexAffine,
    ComplexThreshold,
    Concat,
    Flatten,
    InferenceGraph,
    InferenceNode,
    InputCoding,
    LevelsProduct,
    Logits,
    Pool,
    PrunedProduct,
    Q10Node,
    Quantise,
    RealProduct,
    Recurrent,
    SequencePool,
    Slice,
    SpectralPool,
    Threshold,
)
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack
from linocut.ops.levels import float_boundaries, levels_of_planes

FLOAT, UINT8, INT32, DOUBLE = 1, 2, 6, 11  # numbers of TensorProto.DataType
FUNCTIONS = {RELU: "Relu", TANH: "Tanh", SIGMOID: "Sigmoid"}


class Dialect(ABC):
    """How a format states what ONNX has no words for: signs, and weights that are signs.

    A `bare` one has a chain of operators on floats: bytes are floats from 0 to 255, the model reads images with their
    channels first, and what it reads and gives is called `image` and `logits` alone.
    """

    bare: ClassVar[bool] = False

    @abstractmethod
    def threshold(self, model: OnnxModel, node: Threshold, x: str, rank: int) -> None:
        """Add what gives +1 where x >= least, else -1, as the tensor of the node.

        x (N, C, ...) has `rank` dimensions, the batch among them.
        """

    @abstractmethod
    def quantise(self, model: OnnxModel, node: Quantise, x: str, bounds: Array) -> None:
        """Add what gives levels as odd integers, -n to n, as the tensor of the node.

        x (N, C, ...) reaches so many of the `bounds` (n, C) of its channel, float32.
        """

    @abstractmethod
    def levels(self, model: OnnxModel, name: str, values: Array, bits: int) -> str:
        """Add weights that are levels of so many bits, as odd integers in float32; returns their tensor's name."""

    @abstractmethod
    def signs(self, model: OnnxModel, name: str, positive: Array) -> str:
        """Add weights that are +1 where `positive`, else -1; returns their tensor's name.

        They are (inputs, outputs) of a matrix, (outputs, inputs, ...) of a convolution.
        """


def add_nodes(graph: InferenceGraph, model: OnnxModel, dialect: Dialect) -> None:
    """Add all nodes of a graph; SpecError, naming the node, for one that ONNX cannot say exactly."""
    adding = _Adding(graph, model, dialect)
    for node in graph.nodes:
        adding.add(node)


def channels_first(shape: Shape) -> Shape:
    """(height, width, channels) as (channels, height, width), likewise any number of sizes."""
    return (shape[-1], *shape[:-1])


def by_channel(values: Array, rank: int) -> Array:
    """(channels,) in a shape that goes with (N, channels, ...) of `rank` dimensions."""
    return values.reshape(-1, *[1] * (rank - 2))


@dataclass
class _Adding:
    """Adds node by node; `made` are the tensors made of bytes so far, `ends` those with names of the model's."""

    graph: InferenceGraph
    model: OnnxModel
    dialect: Dialect
    made: set[str] = field(default_factory=set)
    ends: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dialect.bare:
            self.ends = {self.graph.input.name: IMAGE, self.graph.logits.inputs[0]: LOGITS}

    def add(self, node: InferenceNode) -> None:
        """Add the operators of a node, and say what they give."""
        match node:
            case InputCoding():
                self._input(node)
            case BinaryProduct() | LevelsProduct() | RealProduct():
                self._product(node)
            case Threshold():
                source = self.graph.by_name[node.inputs[0]]
                self.dialect.threshold(self.model, node, self._numbers(source.name), len(source.shape) + 1)
            case Quantise():
                self._quantise(node)
            case Affine():
                self._affine(node)
            case PrunedProduct():
                refuse_pruned(node, "ONNX")
            case ComplexAffine() | ComplexThreshold() | SpectralPool() | Clip() | Coding() | Pool(function="sum"):
                refuse_complex(node, "ONNX")
            case Pool():
                self._pool(node)
            case Add():
                self._add(node)
            case Activation():
                x = self._numbers(node.inputs[0])
                self.model.node(FUNCTIONS[node.function], [x], self._tensor(node.name))
            case Flatten():
                self._flatten(node)
            case Concat():
                self.model.node(
                    "Concat", [self._tensor(source) for source in node.inputs], self._tensor(node.name), axis=1
                )
            case Slice():
                self._slice(node)
            case CirculantProduct() | Recurrent() | SequencePool() | Q10Node():
                refuse(node, "ONNX")
            case Logits():
                if not self.dialect.bare:
                    self.model.node("Identity", [self._tensor(node.inputs[0])], LOGITS)
                return
            case _:
                _refuse(node)
        self._describe(node)

    def _describe(self, node: InferenceNode) -> None:
        """Say what a node gives, unless it is what the model reads or gives: that is said there."""
        name, dtype = self._tensor(node.name), "uint8" if node.gives == BYTES and not self.dialect.bare else "float32"
        if name not in (IMAGE, LOGITS):
            self.model.described.append(self.model.described_as(name, dtype, channels_first(node.shape)))

    # --- what nodes read ---

    def _tensor(self, name: str) -> str:
        return self.ends.get(name) or tensor_of(name)

    def _numbers(self, source: str) -> str:
        """A value in floats: bytes u as (2u - 255) / 255."""
        if self.graph.by_name[source].gives != BYTES:
            return self._tensor(source)
        found = f"{source}.numbers"
        if self._fresh(found):
            self.model.node("Div", [self._whole(source), self._scalar(BYTE)], found)
        return found

    def _whole(self, source: str) -> str:
        """Bytes u as the whole numbers 2u - 255, in floats."""
        found = f"{source}.integers"
        if self._fresh(found):
            codes = self._tensor(source)
            if not self.dialect.bare:
                codes = self.model.node("Cast", [codes], f"{source}.codes", to=FLOAT)
            twice = self.model.node("Mul", [codes, self._scalar(2)], f"{source}.twice")
            self.model.node("Sub", [twice, self._scalar(BYTE)], found)
        return found

    def _fresh(self, name: str) -> bool:
        """Whether a tensor is made for the first time."""
        if name in self.made:
            return False
        self.made.add(name)
        return True

    def _scalar(self, value: float, dtype: type[np.generic] = np.float32) -> str:
        name = f"{np.dtype(dtype).name}/{value!r}"
        return self.model.constant(name, np.array(value, dtype))

    def _channels(self, node: InferenceNode, part: str, values: Array) -> str:
        return self.model.constant(f"{node.name}.{part}", by_channel(values, len(node.shape) + 1))

    # --- nodes ---

    def _input(self, node: InputCoding) -> None:
        x, rank = IMAGE, len(node.shape) + 1
        if self.dialect.bare:
            return
        if node.coded:
            x = self._coded(node)
        if rank == 2:
            self.model.node("Identity", [x], self._tensor(node.name))
            return
        self.model.node("Transpose", [x], self._tensor(node.name), perm=[0, rank - 1, *range(1, rank - 1)])

    def _coded(self, node: InputCoding) -> str:
        """Floats as bytes: floor((x - low) * 255 / (high - low) + 1/2), in double precision as linocut has it."""
        low, step = float(node.low), BYTE / (node.high - node.low)
        x, name, wide = IMAGE, node.name, np.float64
        x = self.model.node("Cast", [x], f"{name}.double", to=DOUBLE)
        x = self.model.node("Sub", [x, self._scalar(low, wide)], f"{name}.above")
        x = self.model.node("Mul", [x, self._scalar(step, wide)], f"{name}.scaled")
        x = self.model.node("Add", [x, self._scalar(0.5, wide)], f"{name}.half")
        x = self.model.node("Clip", [x, self._scalar(0.0, wide), self._scalar(255.0, wide)], f"{name}.clipped")
        x = self.model.node("Floor", [x], f"{name}.floor")
        return self.model.node("Cast", [x], f"{name}.bytes", to=UINT8)

    def _quantise(self, node: Quantise) -> None:
        bounds = node.least
        if bounds is None:
            bounds = np.repeat(float_boundaries(node.bits)[:, None], node.shape[-1], axis=1)
        self.dialect.quantise(self.model, node, self._numbers(node.inputs[0]), bounds.astype(np.float32))

    def _product(self, node: BinaryProduct | LevelsProduct | RealProduct) -> None:
        source, output = node.inputs[0], self._tensor(node.name)
        check_exact(node, "ONNX's", self.graph.by_name[source].gives)
        exact = node.gives == INTEGERS and self.graph.by_name[source].gives == BYTES
        operands = [self._whole(source) if exact else self._numbers(source), self._weights(node)]
        bias = node.bias if isinstance(node, RealProduct) else None
        given = output if bias is None else f"{node.name}.sums"
        if node.window is None:
            self.model.node("MatMul", operands, given)
        else:
            self.model.node("Conv", operands, given, **self._moves(node, node.window))
        if bias is not None:
            self.model.node("Add", [given, self._channels(node, "bias", bias)], output)

    def _weights(self, node: BinaryProduct | LevelsProduct | RealProduct) -> str:
        """Weights (outputs, [rows, columns,] inputs) as (inputs, outputs) or (outputs, inputs, [rows,] columns)."""
        signs = isinstance(node, BinaryProduct) or (isinstance(node, RealProduct) and node.binary)
        weights = unpack(node.weights, node.depth) if signs else node.weights
        if isinstance(node, LevelsProduct):
            weights = levels_of_planes(weights, node.depth)
        if node.window is not None and node.window.flat:
            weights = weights[:, 0]
        weights = weights.T if node.window is None else np.moveaxis(weights, -1, 1)
        weights, name = np.ascontiguousarray(weights), f"{node.name}.weights"
        if isinstance(node, LevelsProduct):
            return self.dialect.levels(self.model, name, weights.astype(np.float32), node.bits)
        return self.dialect.signs(self.model, name, weights) if signs else self.model.constant(name, weights)

    def _moves(self, node: BinaryProduct | LevelsProduct | RealProduct | Pool, window: Window) -> dict[str, Any]:
        """A window's size, strides and padding as attributes."""
        sizes = window.size[1:] if window.flat else window.size
        image = self.graph.by_name[node.inputs[0]].shape[:-1]
        return {
            "kernel_shape": list(sizes),
            "strides": [window.stride] * len(sizes),
            "pads": pads(window, image, node.shape[:-1]),
        }

    def _affine(self, node: Affine) -> None:
        """A multiplication by 1 / deviation rounded to float32, as linocut's own; of a deviation of 0 it is 0."""
        source = node.inputs[0]
        centred = [self._numbers(source), self._channels(node, "mean", node.mean)]
        x = self.model.node("Sub", centred, f"{node.name}.centred")
        x = self.model.node("Mul", [x, self._channels(node, "factor", factor(node))], f"{node.name}.normed")
        if node.gain is not None:
            x = self.model.node("Mul", [x, self._channels(node, "gain", node.gain)], f"{node.name}.scaled")
        self.model.node("Add", [x, self._channels(node, "shift", node.shift)], self._tensor(node.name))

    def _pool(self, node: Pool) -> None:
        window = self._moves(node, node.window)
        if node.function == MAX:
            self.model.node("MaxPool", [self._tensor(node.inputs[0])], self._tensor(node.name), **window)
            return
        x = self._tensor(node.inputs[0])
        self.model.node("AveragePool", [x], self._tensor(node.name), count_include_pad=0, **window)

    def _add(self, node: Add) -> None:
        first, *others = (self._numbers(source) for source in node.inputs)
        for number, other in enumerate(others, start=1):
            last = number == len(others)
            first = self.model.node(
                "Add", [first, other], self._tensor(node.name) if last else f"{node.name}.sum{number}"
            )

    def _flatten(self, node: Flatten) -> None:
        """Channels are the first in ONNX's images, but the last to change in linocut's vectors."""
        source = self.graph.by_name[node.inputs[0]]
        x, rank = self._tensor(source.name), len(source.shape) + 1
        if source.shape[-1] > 1 and math.prod(source.shape[:-1]) > 1:
            x = self.model.node("Transpose", [x], f"{node.name}.channels_last", perm=[0, *range(2, rank), 1])
        self.model.node("Flatten", [x], self._tensor(node.name), axis=1)

    def _slice(self, node: Slice) -> None:
        ends = {"starts": node.begin, "ends": node.begin + node.shape[-1], "axes": 1}
        where = [self.model.constant(f"{node.name}.{part}", np.array([at], np.int64)) for part, at in ends.items()]
        self.model.node("Slice", [self._tensor(node.inputs[0]), *where], self._tensor(node.name))


def _refuse(node: NoReturn) -> NoReturn:
    """SpecError for a kind of node that is not known here; no node that mypy knows of comes here."""
    raise SpecError(f"{node.name}: ONNX has no form for a {node.kind}; replace the layer")
