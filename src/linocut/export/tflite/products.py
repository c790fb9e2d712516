"""products: products, and the thresholds that read them, as operators.

A product of signs that one threshold alone reads is one operator with it: LceBconv2d gives signs where nothing is
padded, and else how far a sum is above its threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from linocut.export.ends import tensor_of
from linocut.export.exact import check_exact, terms_of
from linocut.export.tflite.layout import CHANNELS, as_image, filter_words, words_of
from linocut.export.tflite.model import FLOAT32, INT32, TfliteModel
from linocut.export.tflite.values import Values
from linocut.export.tflite.windows import NONE, VALID, Moves, excess, over, padded, widened
from linocut.graph.inference import INTEGERS, BinaryProduct, InferenceNode, RealProduct, Threshold
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack

WeightsForm: TypeAlias = Callable[[TfliteModel, str, Array, int], str]
PLUS = 0  # a word of 32 signs that are all +1


@dataclass(frozen=True)
class Products:
    """Adds products and thresholds; `weights` adds those that are signs as floats.

    Unless `fused` a product is an operator of its own.
    """

    values: Values
    weights: WeightsForm
    fused: bool

    def binary(self, node: BinaryProduct) -> None:
        """Sums of signs in floats; nothing yet where a threshold makes them signs. SpecError for sums too large."""
        check_exact(node, "TFLite's")
        if self._joined(node) is None:
            self._sums(node, tensor_of(node.name), np.zeros(node.shape[-1], np.float32))

    def real(self, node: RealProduct) -> None:
        """Sums of bytes, as whole numbers, or of floats; SpecError for sums of bytes too large."""
        check_exact(node, "TFLite's")
        values, source, how = self.values, node.inputs[0], self._moves(node, padded)
        x = values.integers(source) if node.gives == INTEGERS else values.numbers(source)
        x, _ = values.around(x, node.name, values.image(source), FLOAT32, how, 0.0)
        bias = np.zeros(node.shape[-1]) if node.bias is None else node.bias
        operands = [x, self._real_weights(node), values.floats(f"{node.name}.bias", bias)]
        values.put("CONV_2D", operands, node, Padding=how.padding, StrideW=how.stride, StrideH=how.stride)

    def threshold(self, node: Threshold) -> None:
        """Signs of what is at least at the threshold of its channel."""
        values, product, shape = self.values, self._product(node), as_image(node.shape)
        if product is not None and _unpadded(self._moves(product, widened)):
            self._signs_of_product(product, node)
            return
        source, above = node.inputs[0], f"{node.name}.above"
        offset = 0 - node.least.astype(np.float32)  # 0 is never -0.0 then
        if product is not None:
            x = self._sums(product, above, offset)
        elif not offset.any() and source in values.without_negative_zero:
            x = values.tensor(source)
        else:
            added = [values.numbers(source), values.floats(f"{above}.offset", offset)]
            x = values.model.add("ADD", added, above, shape)
        values.quantised(x, tensor_of(node.name), shape)

    # --- which are one operator ---

    def _joined(self, node: InferenceNode) -> Threshold | None:
        """The threshold that alone reads a product of signs, and is one operator with it."""
        if not self.fused or not isinstance(node, BinaryProduct):
            return None
        readers = self.values.graph.readers(node.name)
        return readers[0] if len(readers) == 1 and isinstance(readers[0], Threshold) else None

    def _product(self, node: Threshold) -> BinaryProduct | None:
        """The product that is one operator with the threshold that reads it."""
        source = self.values.graph.by_name[node.inputs[0]]
        return source if isinstance(source, BinaryProduct) and self._joined(source) is node else None

    # --- products of signs ---

    def _sums(self, node: BinaryProduct, output: str, offset: Array) -> str:
        """Sums of products of signs, each plus the offset of its channel, an integer (channels,) float32."""
        values, how, count = self.values, self._moves(node, widened), node.shape[-1]
        ones = values.floats(f"ones/{count}", np.ones(count))
        zeros = values.floats(f"zeros/{count}", np.zeros(count))
        if how.padding == VALID and not _unpadded(how):
            above = self._convolved(node, how, [ones, zeros, None], f"{output}.beyond", FLOAT32)
            taps = 2 * unpack(node.weights, node.depth).sum(axis=-1, dtype=np.int64) - node.depth
            more = values.floats(f"{output}.offset", offset - excess(taps, how, *values.sides(node)))
            return values.model.add("ADD", [above, more], output, as_image(node.shape))
        bias = values.floats(f"{output}.offset", offset) if offset.any() else zeros
        return self._convolved(node, how, [ones, bias, None], output, FLOAT32)

    def _signs_of_product(self, product: BinaryProduct, node: Threshold) -> None:
        """Of n inputs d differ from their weights: n - 2d >= least where d <= floor((n - least) / 2)."""
        most = (terms_of(product) - node.least.astype(np.int64)) // 2
        thresholds = self.values.whole(f"{node.name}.most", *most.tolist())
        self._convolved(product, self._moves(product, widened), [None, None, thresholds], tensor_of(node.name), INT32)

    def _convolved(self, node: BinaryProduct, how: Moves, behind: list[str | None], output: str, dtype: str) -> str:
        """LceBconv2d, whose inputs behind signs and weights are `behind`: multiplier, bias and thresholds."""
        values, source, window = self.values, node.inputs[0], node.window
        signs, words = values.tensor(source), words_of(values.image(source))
        x, image = values.around(signs, node.name, words, INT32, how, PLUS)
        weights = values.model.constant(f"{node.name}.weights", filter_words(node.weights, node.depth))
        channels = node.shape[-1] if dtype == FLOAT32 else words_of(node.shape)[-1]
        whole = over(image, (1, 1) if window is None else window.size, how, channels)
        shape = (*as_image(node.shape)[:CHANNELS], channels)
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
        values.model.add_lce("LceBconv2d", [x, weights, *behind], given, whole, dtype, **settings)
        return values.kept(given, output, whole, shape, how, dtype)

    # --- of both ---

    def _real_weights(self, node: RealProduct) -> str:
        """Weights (outputs, rows, columns, inputs) in floats."""
        name, size = f"{node.name}.weights", (1, 1) if node.window is None else node.window.size
        if node.binary:
            return self.weights(self.values.model, name, filter_words(node.weights, node.depth), node.depth)
        return self.values.model.constant(name, node.weights.reshape(len(node.weights), *size, -1))

    def _moves(self, node: BinaryProduct | RealProduct, how: Callable[[Window, Shape, Shape], Moves]) -> Moves:
        """How the window of a product is moved; a dense layer is a window of one pixel."""
        return Moves(VALID, 1) if node.window is None else how(node.window, *self.values.sides(node))


def _unpadded(how: Moves) -> bool:
    return how.padding == VALID and how.around == NONE
