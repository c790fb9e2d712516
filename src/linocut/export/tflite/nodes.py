"""The nodes of an inference graph as operators of TFLite and of Larq Compute Engine.

All values are images (1, height, width, channels): a vector is one pixel, a sequence a row of them. Integers are
floats, which are exact up to 2^24, bytes are uint8, and signs words of 32 channels, the first in the lowest bit, where
bit 1 is -1 and spare bits are 0. What a node gives has the node's name. A product of signs that one threshold alone
reads has no tensor: it is one operator with that.

LceQuantize takes x < 0 for -1 in plain code, but the bit of the sign on 64-bit Arm, where -0.0 would be -1: what it
reads is never -0.0 (`without_negative_zero`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import numpy as np

from linocut.errors import SpecError
from linocut.export.ends import IMAGE, LOGITS, tensor_of
from linocut.export.exact import BYTE, check_exact, terms_of
from linocut.export.norms import factor
from linocut.export.tflite.codes import least_of_codes
from linocut.export.tflite.model import FLOAT32, INT32, UINT8, TfliteModel
from linocut.export.tflite.windows import NONE, SAME, VALID, Moves, excess, padded, thinned, widened
from linocut.export.words import WORD, tap_words
from linocut.graph.inference import (
    BYTES,
    INTEGERS,
    MAX,
    RELU,
    SIGMOID,
    SIGNS,
    TANH,
    Activation,
    Add,
    Affine,
    BinaryProduct,
    Concat,
    Flatten,
    InferenceGraph,
    InferenceNode,
    InputCoding,
    Logits,
    Pool,
    RealProduct,
    Slice,
    Threshold,
)
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack

FUNCTIONS = {RELU: "RELU", TANH: "TANH", SIGMOID: "LOGISTIC"}
PLUS, MINUS = 0, -1  # words of 32 signs that are all +1, all -1
CHANNELS = 3  # the dimension

WeightsForm: TypeAlias = Callable[[TfliteModel, str, Array, int], str]


def add_nodes(graph: InferenceGraph, model: TfliteModel, signs: WeightsForm, *, fused: bool = True) -> None:
    """Add all nodes of a graph; SpecError, naming the node, for one that cannot be said exactly.

    `signs(model, name, words, depth)` adds weights that are signs, as floats. Unless `fused` every node has its tensor.
    """
    adding = _Adding(graph, model, signs, fused)
    for node in graph.nodes:
        adding.add(node)
        if (tensor := adding.tensor(node)) in model.tensors:
            model.of_nodes[node.name] = tensor


def as_image(shape: Shape) -> Shape:
    """(1, height, width, channels) of an example's shape; pixels of more than two dimensions are one row."""
    if len(shape) == CHANNELS:
        return (1, *shape)
    return (1, 1, math.prod(shape[:-1]), shape[-1])


def words_of(shape: Shape) -> Shape:
    """The shape of signs (..., channels) as words."""
    return (*shape[:-1], -(-shape[-1] // WORD))


def filter_words(weights: Array, depth: int) -> Array:
    """Packed signs (outputs, [rows, columns,] 64-bit words) -> int32 (outputs, rows, columns, words), bit 1 for -1."""
    positive = tap_words(weights, depth)
    used = np.full(positive.shape[-1], 0xFFFFFFFF, np.uint32)
    if depth % WORD:
        used[-1] = (1 << depth % WORD) - 1
    negative = (~positive & used).view(np.int32)
    return negative.reshape(len(negative), *(negative.shape[1:-1] or (1, 1)), -1)


@dataclass
class _Adding:
    """Adds node by node; `made` are tensors made of what nodes give so far, `named` those that nodes share."""

    graph: InferenceGraph
    model: TfliteModel
    signs: WeightsForm
    fused: bool
    made: set[str] = field(default_factory=set)
    named: dict[str, str] = field(default_factory=dict)

    def add(self, node: InferenceNode) -> None:
        """Add the operators of a node."""
        match node:
            case InputCoding():
                self._input(node)
            case BinaryProduct():
                self._binary_product(node)
            case RealProduct():
                self._real_product(node)
            case Threshold():
                self._threshold(node)
            case Affine():
                self._affine(node)
            case Pool():
                self._pool(node)
            case Add():
                self._add(node)
            case Activation():
                self._put(FUNCTIONS[node.function], [self._numbers(node.inputs[0])], node)
            case Flatten():
                self._flatten(node)
            case Concat():
                self._concat(node)
            case Slice():
                self._slice(node)
            case Logits():
                self._reshaped(self._tensor(node.inputs[0]), LOGITS, (1, *node.shape), FLOAT32)
            case _:
                _refuse(node)

    # --- tensors ---

    def tensor(self, node: InferenceNode) -> str:
        """The tensor of a node, if it has one."""
        return LOGITS if isinstance(node, Logits) else self._tensor(node.name)

    def _tensor(self, name: str) -> str:
        return self.named.get(name) or tensor_of(name)

    def _image(self, name: str) -> Shape:
        """The shape of what a node gives, signs as channels."""
        return as_image(self.graph.by_name[name].shape)

    def _kind(self, name: str) -> str:
        """The type of the tensor of a node."""
        return {BYTES: UINT8, SIGNS: INT32}.get(self.graph.by_name[name].gives, FLOAT32)

    def _put(self, kind: str, inputs: list[str], node: InferenceNode, **settings: Any) -> None:
        """An operator that gives what a node gives, in floats or bytes."""
        self.model.add(kind, inputs, self._tensor(node.name), as_image(node.shape), self._kind(node.name), **settings)

    def _reshaped(self, x: str, output: str, shape: Shape, dtype: str) -> str:
        sizes = self._whole(f"{output}.shape", *shape)
        return self.model.add("RESHAPE", [x, sizes], output, shape, dtype)

    def _fresh(self, name: str) -> bool:
        """Whether a tensor is made for the first time."""
        if name in self.made:
            return False
        self.made.add(name)
        return True

    def _floats(self, name: str, values: Any) -> str:
        return self.model.constant(name, np.array(values, np.float32))

    def _whole(self, name: str, *values: Any) -> str:
        return self.model.constant(name, np.array(values, np.int32))

    # --- what nodes read ---

    def _numbers(self, source: str) -> str:
        """A value in floats: bytes u as (2u - 255) / 255."""
        if self.graph.by_name[source].gives != BYTES:
            return self._tensor(source)
        found = f"{source}.numbers"
        if self._fresh(found):
            byte = self._floats("numbers/255", BYTE)
            self.model.add("DIV", [self._integers(source), byte], found, self._image(source))
        return found

    def _integers(self, source: str) -> str:
        """Bytes u as the whole numbers 2u - 255, in floats."""
        found, shape = f"{source}.integers", self._image(source)
        if self._fresh(found):
            types = self._types(UINT8, FLOAT32)
            x = self.model.add("CAST", [self._tensor(source)], f"{source}.codes", shape, **types)
            x = self.model.add("MUL", [x, self._floats("numbers/2", 2)], f"{source}.twice", shape)
            self.model.add("SUB", [x, self._floats("numbers/255", BYTE)], found, shape)
        return found

    def _signs(self, source: str) -> str:
        """Signs as the floats -1 and +1."""
        found = f"{source}.signs"
        if self._fresh(found):
            self.model.add_lce("LceDequantize", [self._tensor(source)], found, self._image(source), FLOAT32)
        return found

    def _types(self, given: str, found: str) -> dict[str, Any]:
        return {"InDataType": TYPE_NUMBERS[given], "OutDataType": TYPE_NUMBERS[found]}

    # --- the input ---

    def _input(self, node: InputCoding) -> None:
        dtype = UINT8 if node.dtype == "u8" else FLOAT32
        x, shape = self.model.given(IMAGE, dtype, (1, *node.shape)), as_image(node.shape)
        tensor = tensor_of(node.name)
        if shape != (1, *node.shape):
            x = self._reshaped(x, f"{node.name}.numbers_as_image" if node.coded else tensor, shape, dtype)
        if node.coded:
            least = least_of_codes(node.low, node.high)
            x = self.model.add("BUCKETIZE", [x], f"{node.name}.bucket", shape, INT32, Boundaries=least)
            x = self.model.add("CAST", [x], tensor, shape, UINT8, **self._types(INT32, UINT8))
        self.named[node.name] = x

    # --- products ---

    def _binary_product(self, node: BinaryProduct) -> None:
        check_exact(node, "TFLite's")
        if self._joined(node) is None:
            self._sums(node, tensor_of(node.name), np.zeros(node.shape[-1], np.float32))

    def _joined(self, node: InferenceNode) -> Threshold | None:
        """The threshold that alone reads a product of signs, and is one operator with it."""
        if not self.fused or not isinstance(node, BinaryProduct):
            return None
        readers = self.graph.readers(node.name)
        return readers[0] if len(readers) == 1 and isinstance(readers[0], Threshold) else None

    def _product(self, node: Threshold) -> BinaryProduct | None:
        """The product that is one operator with the threshold that reads it."""
        source = self.graph.by_name[node.inputs[0]]
        return source if isinstance(source, BinaryProduct) and self._joined(source) is node else None

    def _sums(self, node: BinaryProduct, output: str, offset: Array) -> str:
        """Sums of products of signs, each plus the offset of its channel, an integer (channels,) float32."""
        how, count = self._moves(node, widened), node.shape[-1]
        ones, zeros = self._floats(f"ones/{count}", np.ones(count)), self._floats(f"zeros/{count}", np.zeros(count))
        if how.padding == VALID and not _unpadded(how):
            above = self._convolved(node, how, [ones, zeros, None], f"{output}.beyond", FLOAT32)
            image, given = self._sides(node)
            taps = 2 * unpack(node.weights, node.depth).sum(axis=-1, dtype=np.int64) - node.depth
            more = self._floats(f"{output}.offset", offset - excess(taps, how, image, given))
            return self.model.add("ADD", [above, more], output, as_image(node.shape))
        bias = self._floats(f"{output}.offset", offset) if offset.any() else zeros
        return self._convolved(node, how, [ones, bias, None], output, FLOAT32)

    def _convolved(self, node: BinaryProduct, how: Moves, behind: list[str | None], output: str, dtype: str) -> str:
        """LceBconv2d, whose inputs behind signs and weights are `behind`: multiplier, bias and thresholds."""
        source, window = node.inputs[0], node.window
        size = (1, 1) if window is None else window.size
        x, image = self._around(self._tensor(source), node.name, words_of(self._image(source)), INT32, how, PLUS)
        weights = self.model.constant(f"{node.name}.weights", filter_words(node.weights, node.depth))
        channels = node.shape[-1] if dtype == FLOAT32 else words_of(node.shape)[-1]
        whole, shape = _over(image, size, how, channels), (*as_image(node.shape)[:CHANNELS], channels)
        given = output if whole == shape else f"{output}.whole"
        settings = {
            "channels_in": node.depth,
            "stride_height": how.stride,
            "stride_width": how.stride,
            "dilation_height_factor": 1,
            "dilation_width_factor": 1,
            "padding": how.padding,
            "pad_values": 0,
            "fused_activation_function": 0,
        }
        self.model.add_lce("LceBconv2d", [x, weights, *behind], given, whole, dtype, **settings)
        return self._kept(given, output, whole, shape, how, dtype)

    def _real_product(self, node: RealProduct) -> None:
        check_exact(node, "TFLite's")
        source, how = node.inputs[0], self._moves(node, padded)
        exact = node.gives == INTEGERS
        x, shape = self._integers(source) if exact else self._numbers(source), self._image(source)
        x, _ = self._around(x, node.name, shape, FLOAT32, how, 0.0)
        bias = np.zeros(node.shape[-1]) if node.bias is None else node.bias
        operands = [x, self._weights(node), self._floats(f"{node.name}.bias", bias)]
        self._put("CONV_2D", operands, node, Padding=how.padding, StrideW=how.stride, StrideH=how.stride)

    def _weights(self, node: RealProduct) -> str:
        """Weights (outputs, rows, columns, inputs) in floats."""
        name, size = f"{node.name}.weights", (1, 1) if node.window is None else node.window.size
        if node.binary:
            return self.signs(self.model, name, filter_words(node.weights, node.depth), node.depth)
        return self.model.constant(name, node.weights.reshape(len(node.weights), *size, -1))

    # --- windows ---

    def _moves(self, node: BinaryProduct | RealProduct, how: Callable[[Window, Shape, Shape], Moves]) -> Moves:
        if node.window is None:
            return Moves(VALID, 1)
        return how(node.window, *self._sides(node))

    def _sides(self, node: InferenceNode) -> tuple[Shape, Shape]:
        """(height, width) of what a node reads and gives."""
        return self._image(node.inputs[0])[1:CHANNELS], as_image(node.shape)[1:CHANNELS]

    def _around(self, x: str, name: str, shape: Shape, dtype: str, how: Moves, value: float) -> tuple[str, Shape]:
        """A tensor with rows and columns of `value` around it, and its shape, for the operator of the node `name`."""
        if how.around == NONE:
            return x, shape
        (top, bottom), (left, right) = how.around
        around = self._whole(f"{name}.around", (0, 0), *how.around, (0, 0))
        larger = (1, shape[1] + top + bottom, shape[2] + left + right, shape[-1])
        if not value:
            return self.model.add("PAD", [x, around], f"{name}.padded", larger, dtype), larger
        filled = self.model.constant(f"{name}.filling", np.array([value], np.int32 if dtype == INT32 else np.float32))
        return self.model.add("PADV2", [x, around, filled], f"{name}.padded", larger, dtype), larger

    def _kept(self, x: str, output: str, whole: Shape, shape: Shape, how: Moves, dtype: str) -> str:
        """What is kept of an operator's rows and columns."""
        if whole == shape:
            return x
        ends = (1, *((side - 1) * how.step + 1 for side in shape[1:CHANNELS]), shape[-1])
        where = [
            self._whole(f"{output}.{part}", *values)
            for part, values in (("begin", (0, 0, 0, 0)), ("end", ends), ("steps", (1, how.step, how.step, 1)))
        ]
        return self.model.add("STRIDED_SLICE", [x, *where], output, shape, dtype)

    # --- thresholds and norms ---

    def _threshold(self, node: Threshold) -> None:
        product = self._product(node)
        if product is not None and self._moves(product, widened) == Moves(
            VALID, product.window.stride if product.window else 1
        ):
            self._signs_of_product(product, node)
            return
        offset, above = 0 - node.least.astype(np.float32), f"{node.name}.above"  # never -0.0
        source = node.inputs[0]
        if product is not None:
            x = self._sums(product, above, offset)
        elif not offset.any() and self.without_negative_zero(source):
            x = self._tensor(source)
        else:
            x = self.model.add(
                "ADD", [self._numbers(source), self._floats(f"{above}.offset", offset)], above, as_image(node.shape)
            )
        self._quantised(x, tensor_of(node.name), as_image(node.shape))

    def _signs_of_product(self, product: BinaryProduct, node: Threshold) -> None:
        """Of n inputs d differ from their weights: n - 2d >= least where d <= floor((n - least) / 2)."""
        most = (terms_of(product) - node.least.astype(np.int64)) // 2
        thresholds = self._whole(f"{node.name}.most", *most.tolist())
        self._convolved(product, self._moves(product, widened), [None, None, thresholds], tensor_of(node.name), INT32)

    def without_negative_zero(self, name: str) -> bool:
        """Whether a value in floats is never -0.0, so that its sign bit says what x < 0 does."""
        node = self.graph.by_name[name]
        match node:
            case Affine():
                return True  # the shift is added last, and is not -0.0
            case Add():
                return any(self.without_negative_zero(source) for source in node.inputs)
            case Concat():
                return all(self.without_negative_zero(source) for source in node.inputs)
            case Slice() | Flatten() | Pool(function="max"):
                return self.without_negative_zero(node.inputs[0])
            case _:
                return False

    def _quantised(self, x: str, output: str, shape: Shape) -> str:
        return self.model.add_lce("LceQuantize", [x], output, words_of(shape), INT32)

    def _affine(self, node: Affine) -> None:
        """In linocut's order, so that floats have its bits; LceBconv2d has another."""
        shape, mean = as_image(node.shape), self._floats(f"{node.name}.mean", node.mean)
        x = self.model.add("SUB", [self._numbers(node.inputs[0]), mean], f"{node.name}.centred", shape)
        by = self._floats(f"{node.name}.factor", factor(node))
        x = self.model.add("MUL", [x, by], f"{node.name}.normed", shape)
        if node.gain is not None:
            gain = self._floats(f"{node.name}.gain", node.gain)
            x = self.model.add("MUL", [x, gain], f"{node.name}.scaled", shape)
        shift = node.shift + np.float32(0)  # -0.0 becomes 0.0, which changes no sum
        self._put("ADD", [x, self._floats(f"{node.name}.shift", shift)], node)

    # --- others ---

    def _pool(self, node: Pool) -> None:
        window, source = node.window, node.inputs[0]
        image, given = self._sides(node)
        x, shape, output = self._tensor(source), self._image(source), self._tensor(node.name)
        if node.gives == SIGNS:
            self._pool_signs(node, x, words_of(shape), padded(window, image, given))
            return
        settings = {"FilterHeight": window.size[0], "FilterWidth": window.size[1]}
        how = padded(window, image, given) if node.function == MAX else thinned(window, image, given)
        x, shape = self._around(x, node.name, shape, FLOAT32, how, -math.inf)
        whole = _over(shape, window.size, how, shape[-1])
        first = output if whole == as_image(node.shape) else f"{node.name}.whole"
        kind = "MAX_POOL_2D" if node.function == MAX else "AVERAGE_POOL_2D"
        strides = {"Padding": how.padding, "StrideW": how.stride, "StrideH": how.stride}
        self.model.add(kind, [x], first, whole, **settings, **strides)
        self._kept(first, output, whole, as_image(node.shape), how, FLOAT32)

    def _pool_signs(self, node: Pool, x: str, shape: Shape, how: Moves) -> None:
        x, _ = self._around(x, node.name, shape, INT32, how, MINUS)
        height, width = node.window.size
        settings = {"filter_height": height, "filter_width": width, "padding": how.padding}
        strides = {"stride_height": how.stride, "stride_width": how.stride}
        output = words_of(as_image(node.shape))
        self.model.add_lce("LceBMaxPool2d", [x], self._tensor(node.name), output, INT32, **settings, **strides)

    def _add(self, node: Add) -> None:
        first, *others = (self._numbers(source) for source in node.inputs)
        for number, other in enumerate(others, start=1):
            if number == len(others):
                self._put("ADD", [first, other], node)
            else:
                first = self.model.add("ADD", [first, other], f"{node.name}.sum{number}", as_image(node.shape))

    def _flatten(self, node: Flatten) -> None:
        """Words of signs can be moved where each channel fills its words; other signs are unpacked for it."""
        source, shape, output = node.inputs[0], as_image(node.shape), tensor_of(node.name)
        if self._image(source) == shape:
            self.named[node.name] = self._tensor(source)
        elif node.gives != SIGNS:
            self._reshaped(self._tensor(source), output, shape, self._kind(node.name))
        elif self._image(source)[-1] % WORD == 0:
            self._reshaped(self._tensor(source), output, words_of(shape), INT32)
        else:
            x = self._reshaped(self._signs(source), f"{node.name}.unpacked", shape, FLOAT32)
            self._quantised(x, output, shape)

    def _concat(self, node: Concat) -> None:
        if node.gives != SIGNS:
            self._put("CONCATENATION", [self._tensor(source) for source in node.inputs], node, Axis=CHANNELS)
            return
        shape, output = as_image(node.shape), tensor_of(node.name)
        if all(self._image(source)[-1] % WORD == 0 for source in node.inputs[:-1]):
            parts = [self._tensor(source) for source in node.inputs]
            self.model.add("CONCATENATION", parts, output, words_of(shape), INT32, Axis=CHANNELS)
            return
        parts = [self._signs(source) for source in node.inputs]
        x = self.model.add("CONCATENATION", parts, f"{node.name}.unpacked", shape, Axis=CHANNELS)
        self._quantised(x, output, shape)

    def _slice(self, node: Slice) -> None:
        source, shape, output = node.inputs[0], as_image(node.shape), tensor_of(node.name)
        if node.gives != SIGNS:
            self._sliced(node, self._tensor(source), output, node.begin, shape, self._kind(node.name))
            return
        end = node.begin + shape[-1]
        if node.begin % WORD == 0 and (end % WORD == 0 or end == self._image(source)[-1]):
            self._sliced(node, self._tensor(source), output, node.begin // WORD, words_of(shape), INT32)
            return
        x = self._sliced(node, self._signs(source), f"{node.name}.unpacked", node.begin, shape, FLOAT32)
        self._quantised(x, output, shape)

    def _sliced(self, node: Slice, x: str, output: str, begin: int, shape: Shape, dtype: str) -> str:
        where = [self._whole(f"{node.name}.begin", 0, 0, 0, begin), self._whole(f"{node.name}.sizes", *shape)]
        return self.model.add("SLICE", [x, *where], output, shape, dtype)


def _unpadded(how: Moves) -> bool:
    return how.padding == VALID and how.around == NONE


TYPE_NUMBERS = {FLOAT32: 0, INT32: 2, UINT8: 3}  # of TensorType


def _over(image: Shape, size: tuple[int, int], how: Moves, channels: int) -> Shape:
    """The shape of what an operator gives over an image, before rows and columns of it are kept."""
    taps = (1, 1) if how.padding == SAME else size
    height, width = (-(-(side - tap + 1) // how.stride) for side, tap in zip(image[1:CHANNELS], taps, strict=True))
    return (1, height, width, channels)


def _refuse(node: NoReturn) -> NoReturn:
    """SpecError for a kind of node that is not known here; no node that mypy knows of comes here."""
    raise SpecError(f"{node.name}: TFLite has no form for a {node.kind}; replace the layer")
