"""values: the tensors of what the nodes of a graph give, and what is made of them for the operators that read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linocut.export.ends import tensor_of
from linocut.export.exact import BYTE
from linocut.export.tflite.layout import CHANNELS, as_image, words_of
from linocut.export.tflite.model import FLOAT32, INT32, UINT8, TfliteModel
from linocut.export.tflite.windows import NONE, Moves
from linocut.graph.inference import (
    BYTES,
    SIGNS,
    Add,
    Affine,
    Concat,
    Flatten,
    InferenceGraph,
    InferenceNode,
    Pool,
    Slice,
)
from linocut.layers.base import Shape

TYPE_NUMBERS = {FLOAT32: 0, INT32: 2, UINT8: 3}  # of TensorType


@dataclass
class Values:
    """Tensors by the nodes that give them; `made` are those made of these so far, `named` those that nodes share.

    Of the nodes in `without_negative_zero` it is known that no number that they give is -0.0.
    """

    graph: InferenceGraph
    model: TfliteModel
    made: set[str] = field(default_factory=set)
    named: dict[str, str] = field(default_factory=dict)
    without_negative_zero: set[str] = field(default_factory=set)

    def tensor(self, name: str) -> str:
        """The tensor of the node called so."""
        return self.named.get(name) or tensor_of(name)

    def image(self, name: str) -> Shape:
        """The shape of what a node gives, signs as channels."""
        return as_image(self.graph.by_name[name].shape)

    def kind(self, name: str) -> str:
        """The type of the tensor of a node."""
        return {BYTES: UINT8, SIGNS: INT32}.get(self.graph.by_name[name].gives, FLOAT32)

    def put(self, kind: str, inputs: list[str], node: InferenceNode, **settings: Any) -> None:
        """An operator that gives what a node gives, in floats or bytes."""
        self.model.add(kind, inputs, self.tensor(node.name), as_image(node.shape), self.kind(node.name), **settings)

    def reshaped(self, x: str, output: str, shape: Shape, dtype: str) -> str:
        """The same elements in another shape."""
        sizes = self.whole(f"{output}.shape", *shape)
        return self.model.add("RESHAPE", [x, sizes], output, shape, dtype)

    def _fresh(self, name: str) -> bool:
        """Whether a tensor is made for the first time."""
        if name in self.made:
            return False
        self.made.add(name)
        return True

    def floats(self, name: str, values: Any) -> str:
        """A constant of float32."""
        return self.model.constant(name, np.array(values, np.float32))

    def whole(self, name: str, *values: Any) -> str:
        """A constant of int32."""
        return self.model.constant(name, np.array(values, np.int32))

    # --- what nodes read ---

    def numbers(self, source: str) -> str:
        """A value in floats: bytes u as (2u - 255) / 255."""
        if self.graph.by_name[source].gives != BYTES:
            return self.tensor(source)
        found = f"{source}.numbers"
        if self._fresh(found):
            byte = self.floats("numbers/255", BYTE)
            self.model.add("DIV", [self.integers(source), byte], found, self.image(source))
        return found

    def integers(self, source: str) -> str:
        """Bytes u as the whole numbers 2u - 255, in floats."""
        found, shape = f"{source}.integers", self.image(source)
        if self._fresh(found):
            x = self.cast(self.tensor(source), f"{source}.codes", shape, UINT8, FLOAT32)
            x = self.model.add("MUL", [x, self.floats("numbers/2", 2)], f"{source}.twice", shape)
            self.model.add("SUB", [x, self.floats("numbers/255", BYTE)], found, shape)
        return found

    def signs(self, source: str) -> str:
        """Signs as the floats -1 and +1."""
        found = f"{source}.signs"
        if self._fresh(found):
            self.model.add_lce("LceDequantize", [self.tensor(source)], found, self.image(source), FLOAT32)
        return found

    def cast(self, x: str, output: str, shape: Shape, given: str, found: str) -> str:
        """The same numbers in another type."""
        types = {"InDataType": TYPE_NUMBERS[given], "OutDataType": TYPE_NUMBERS[found]}
        return self.model.add("CAST", [x], output, shape, found, **types)

    # --- around windows ---

    def sides(self, node: InferenceNode) -> tuple[Shape, Shape]:
        """(height, width) of what a node reads and gives."""
        return self.image(node.inputs[0])[1:CHANNELS], as_image(node.shape)[1:CHANNELS]

    def around(self, x: str, name: str, shape: Shape, dtype: str, how: Moves, value: float) -> tuple[str, Shape]:
        """A tensor with rows and columns of `value` around it, and its shape, for the operator of the node `name`."""
        if how.around == NONE:
            return x, shape
        (top, bottom), (left, right) = how.around
        around = self.whole(f"{name}.around", (0, 0), *how.around, (0, 0))
        larger = (1, shape[1] + top + bottom, shape[2] + left + right, shape[-1])
        if not value:
            return self.model.add("PAD", [x, around], f"{name}.padded", larger, dtype), larger
        filled = self.model.constant(f"{name}.filling", np.array([value], np.int32 if dtype == INT32 else np.float32))
        return self.model.add("PADV2", [x, around, filled], f"{name}.padded", larger, dtype), larger

    def kept(self, x: str, output: str, whole: Shape, shape: Shape, how: Moves, dtype: str) -> str:
        """What is kept of an operator's rows and columns."""
        if whole == shape:
            return x
        ends = (1, *((side - 1) * how.step + 1 for side in shape[1:CHANNELS]), shape[-1])
        where = [
            self.whole(f"{output}.{part}", *values)
            for part, values in (("begin", (0, 0, 0, 0)), ("end", ends), ("steps", (1, how.step, how.step, 1)))
        ]
        return self.model.add("STRIDED_SLICE", [x, *where], output, shape, dtype)

    def quantised(self, x: str, output: str, shape: Shape) -> str:
        """Floats as signs, of `shape` before they are words."""
        return self.model.add_lce("LceQuantize", [x], output, words_of(shape), INT32)

    def learn(self, node: InferenceNode) -> None:
        """Note whether a value in floats is never -0.0, so that its sign bit says what x < 0 does; in order."""
        known = [source in self.without_negative_zero for source in node.inputs]
        match node:
            case Affine():
                never = True  # the shift is added last, and is not -0.0
            case Add():
                never = any(known)
            case Concat() | Slice() | Flatten() | Pool(function="max"):
                never = all(known)
            case _:
                never = False
        if never:
            self.without_negative_zero.add(node.name)
