"""The nodes of an inference graph as operators of TFLite and of Larq Compute Engine.

All values are images (1, height, width, channels): a vector is one pixel, a sequence a row of them. Integers are
floats, which are exact up to 2^24, bytes are uint8, and signs words of 32 channels, the first in the lowest bit, where
bit 1 is -1 and spare bits are 0. What a node gives has the node's name. A product of signs that one threshold alone
reads has no tensor: it is one operator with that.

LceQuantize takes x < 0 for -1 in plain code, but the bit of the sign on 64-bit Arm, where -0.0 would be -1: what it
reads is never -0.0 (`Values.learn`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from linocut.errors import SpecError
from linocut.export.complex_nodes import refuse_complex
from linocut.export.ends import IMAGE, LOGITS, tensor_of
from linocut.export.norms import factor
from linocut.export.pruned_nodes import refuse_pruned
from linocut.export.recurrent import refuse
from linocut.export.tflite.codes import least_of_codes
from linocut.export.tflite.layout import CHANNELS, as_image, words_of
from linocut.export.tflite.model import FLOAT32, INT32, UINT8, TfliteModel
from linocut.export.tflite.products import Products, WeightsForm
from linocut.export.tflite.values import Values
from linocut.export.tflite.windows import over, padded, thinned
from linocut.export.words import WORD
from linocut.graph.inference import (
    AVERAGE,
    MAX,
    RELU,
    SIGMOID,
    SIGNS,
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

POOLS = {MAX: "MAX_POOL_2D", AVERAGE: "AVERAGE_POOL_2D"}
FUNCTIONS = {RELU: "RELU", TANH: "TANH", SIGMOID: "LOGISTIC"}
MINUS = -1  # a word of 32 signs that are all -1


def add_nodes(graph: InferenceGraph, model: TfliteModel, signs: WeightsForm, *, fused: bool = True) -> None:
    """Add all nodes of a graph; SpecError, naming the node, for one that cannot be said exactly.

    `signs(model, name, words, depth)` adds weights that are signs, as floats. Unless `fused` every node has its tensor.
    """
    values = Values(graph, model)
    adding = _Adding(values, Products(values, signs, fused))
    for node in graph.nodes:
        adding.add(node)
        values.learn(node)
        tensor = LOGITS if isinstance(node, Logits) else values.tensor(node.name)
        if tensor in model.tensors:
            model.of_nodes[node.name] = tensor


@dataclass(frozen=True)
class _Adding:
    """Adds node by node."""

    values: Values
    products: Products

    def add(self, node: InferenceNode) -> None:
        """Add the operators of a node."""
        values = self.values
        match node:
            case InputCoding():
                self._input(node)
            case BinaryProduct():
                self.products.binary(node)
            case LevelsProduct() | Quantise():
                raise SpecError(
                    f"{node.name}: Larq Compute Engine multiplies signs, no levels of several bits; "
                    "export as onnx, qonnx or c"
                )
            case RealProduct():
                self.products.real(node)
            case Threshold():
                self.products.threshold(node)
            case Affine():
                self._affine(node)
            case PrunedProduct():
                refuse_pruned(node, "TFLite")
            case ComplexAffine() | ComplexThreshold() | SpectralPool() | Clip() | Coding() | Pool(function="sum"):
                refuse_complex(node, "TFLite")
            case Pool():
                self._pool(node)
            case Add():
                self._add(node)
            case Activation():
                values.put(FUNCTIONS[node.function], [values.numbers(node.inputs[0])], node)
            case Flatten():
                self._flatten(node)
            case Concat():
                self._concat(node)
            case Slice():
                self._slice(node)
            case CirculantProduct() | Recurrent() | SequencePool() | Q10Node():
                refuse(node, "TFLite")
            case Logits():
                values.reshaped(values.tensor(node.inputs[0]), LOGITS, (1, *node.shape), FLOAT32)
            case _:
                _refuse(node)

    def _input(self, node: InputCoding) -> None:
        values, dtype = self.values, UINT8 if node.dtype == "u8" else FLOAT32
        x, shape = values.model.given(IMAGE, dtype, (1, *node.shape)), as_image(node.shape)
        tensor = tensor_of(node.name)
        if shape != (1, *node.shape):
            x = values.reshaped(x, f"{node.name}.as_image" if node.coded else tensor, shape, dtype)
        if node.coded:
            least = least_of_codes(node.low, node.high)
            x = values.model.add("BUCKETIZE", [x], f"{node.name}.bucket", shape, INT32, Boundaries=least)
            x = values.cast(x, tensor, shape, INT32, UINT8)
        values.named[node.name] = x

    def _affine(self, node: Affine) -> None:
        """In linocut's order, so that floats have its bits; LceBconv2d has another."""
        values, name = self.values, node.name
        parts = [("SUB", "mean", "centred", node.mean), ("MUL", "factor", "normed", factor(node))]
        if node.gain is not None:
            parts.append(("MUL", "gain", "scaled", node.gain))
        x = values.numbers(node.inputs[0])
        for kind, part, given, numbers in parts:
            by = values.floats(f"{name}.{part}", numbers)
            x = values.model.add(kind, [x, by], f"{name}.{given}", as_image(node.shape))
        shift = node.shift + np.float32(0)  # -0.0 becomes 0.0, which changes no sum
        values.put("ADD", [x, values.floats(f"{name}.shift", shift)], node)

    def _pool(self, node: Pool) -> None:
        values, window, source = self.values, node.window, node.inputs[0]
        x, shape, output = values.tensor(source), values.image(source), values.tensor(node.name)
        if node.gives == SIGNS:
            self._pool_signs(node, x, words_of(shape))
            return
        how = (padded if node.function == MAX else thinned)(window, *values.sides(node))
        x, shape = values.around(x, node.name, shape, FLOAT32, how, -math.inf)
        whole = over(shape, window.size, how, shape[-1])
        first = output if whole == as_image(node.shape) else f"{node.name}.whole"
        sizes = {"FilterHeight": window.size[0], "FilterWidth": window.size[1]}
        strides = {"Padding": how.padding, "StrideW": how.stride, "StrideH": how.stride}
        values.model.add(POOLS[node.function], [x], first, whole, **sizes, **strides)
        values.kept(first, output, whole, as_image(node.shape), how, FLOAT32)

    def _pool_signs(self, node: Pool, x: str, shape: Shape) -> None:
        """Signs around the image are -1, which are larger than none."""
        values, how = self.values, padded(node.window, *self.values.sides(node))
        x, _ = values.around(x, node.name, shape, INT32, how, MINUS)
        height, width = node.window.size
        settings = {"filter_height": height, "filter_width": width, "padding": how.padding}
        strides = {"stride_height": how.stride, "stride_width": how.stride}
        output, given = values.tensor(node.name), words_of(as_image(node.shape))
        values.model.add_lce("LceBMaxPool2d", [x], output, given, INT32, **settings, **strides)

    def _add(self, node: Add) -> None:
        values = self.values
        first, *others = (values.numbers(source) for source in node.inputs)
        for number, other in enumerate(others[:-1], start=1):
            first = values.model.add("ADD", [first, other], f"{node.name}.sum{number}", as_image(node.shape))
        values.put("ADD", [first, others[-1]], node)

    # --- what moves elements: words of signs where these are whole words, else signs that are unpacked for it ---

    def _flatten(self, node: Flatten) -> None:
        values, source, shape, output = self.values, node.inputs[0], as_image(node.shape), tensor_of(node.name)
        if values.image(source) == shape:
            values.named[node.name] = values.tensor(source)
        elif node.gives != SIGNS:
            values.reshaped(values.tensor(source), output, shape, values.kind(node.name))
        elif values.image(source)[-1] % WORD == 0:
            values.reshaped(values.tensor(source), output, words_of(shape), INT32)
        else:
            x = values.reshaped(values.signs(source), f"{node.name}.unpacked", shape, FLOAT32)
            values.quantised(x, output, shape)

    def _concat(self, node: Concat) -> None:
        values, shape, output = self.values, as_image(node.shape), tensor_of(node.name)
        tensors = [values.tensor(source) for source in node.inputs]
        if node.gives != SIGNS:
            values.put("CONCATENATION", tensors, node, Axis=CHANNELS)
        elif all(values.image(source)[-1] % WORD == 0 for source in node.inputs[:-1]):
            values.model.add("CONCATENATION", tensors, output, words_of(shape), INT32, Axis=CHANNELS)
        else:
            parts = [values.signs(source) for source in node.inputs]
            x = values.model.add("CONCATENATION", parts, f"{node.name}.unpacked", shape, Axis=CHANNELS)
            values.quantised(x, output, shape)

    def _slice(self, node: Slice) -> None:
        values, source, shape, output = self.values, node.inputs[0], as_image(node.shape), tensor_of(node.name)
        end = node.begin + shape[-1]
        if node.gives != SIGNS:
            self._sliced(node, values.tensor(source), output, node.begin, shape, values.kind(node.name))
        elif node.begin % WORD == 0 and (end % WORD == 0 or end == values.image(source)[-1]):
            self._sliced(node, values.tensor(source), output, node.begin // WORD, words_of(shape), INT32)
        else:
            x = self._sliced(node, values.signs(source), f"{node.name}.unpacked", node.begin, shape, FLOAT32)
            values.quantised(x, output, shape)

    def _sliced(self, node: Slice, x: str, output: str, begin: int, shape: Shape, dtype: str) -> str:
        where = [self.values.whole(f"{node.name}.begin", 0, 0, 0, begin)]
        where.append(self.values.whole(f"{node.name}.sizes", *shape))
        return self.values.model.add("SLICE", [x, *where], output, shape, dtype)


def _refuse(node: NoReturn) -> NoReturn:
    """SpecError for a kind of node that is not known here; no node that mypy knows of comes here."""
    raise SpecError(f"{node.name}: TFLite has no form for a {node.kind}; replace the layer")
