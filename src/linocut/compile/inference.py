"""Lowering of inference graphs: a Program with the one section "predict", its weights packed beforehand.

The program has no labels, no loss and no random state; what it keeps between runs are constants: panels of weights,
thresholds, biases and norms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from linocut import roles
from linocut.compile import recurrent, recurrent_q10
from linocut.compile.batch import find_batch
from linocut.compile.lower import PREDICT, check_arena, finished
from linocut.compile.placement.offsets import place
from linocut.compile.program import Program
from linocut.compile.recorder import Recorder
from linocut.formats import WORD_BITS
from linocut.graph.inference import (
    FLOATS,
    INTEGERS,
    LAST,
    LEVELS_2,
    LEVELS_4,
    MAX,
    PLANES,
    SUM,
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
    Q10Add,
    Q10Coding,
    Q10Gru,
    Q10Last,
    Q10Outputs,
    Q10Recurrent,
    Quantise,
    RealProduct,
    Recurrent,
    SequenceCoding,
    SequencePool,
    Slice,
    SpectralPool,
    Threshold,
)
from linocut.graph.q10 import one_frame
from linocut.layers.base import Shape
from linocut.layers.weights import integer_format, levels_format, most_of
from linocut.layers.window import VALID, Window, window
from linocut.ops.bits import Array
from linocut.ops.levels import PLANES as OPERANDS
from linocut.ops.levels import largest
from linocut.ops.norm import L1
from linocut.ops.panels import pack_panels, panels_shape

LEVELS_OF_MORE = (LEVELS_2, LEVELS_4)
INPUT, LOGITS = "input", f"{PREDICT}.logits"
FLOAT = "f32"


@dataclass(frozen=True)
class Prediction:
    """A Program that predicts `batch` examples at a time; `constants` make what its persistent buffers hold."""

    program: Program
    batch: int
    constants: dict[str, Callable[[], Array]]


def compile_inference(graph: InferenceGraph, batch: int, capture: Sequence[str] = ()) -> Prediction:
    """The program of an inference graph; what the nodes called `capture` give is kept in predict.captured.NODE.

    SpecError for a batch or a name that cannot be.
    """
    batch = find_batch(batch)
    for name in capture:
        _ = graph.node(name)
    return _compiled(_Lowering(graph, batch, frozenset(capture)))


def compile_stream(graph: InferenceGraph, batch: int = 1) -> Prediction:
    """The program of a graph in Q5.10 over one frame of `batch` streams, whose states it keeps from run to run.

    SpecError for a graph that is not in Q5.10, and for one that goes backwards too: that begins with the last frame.
    """
    return _compiled(_Lowering(one_frame(graph), find_batch(batch), frozenset(), live=True))


def _compiled(lowering: _Lowering) -> Prediction:
    graph, batch = lowering.graph, lowering.batch
    lowering.recorder.section(PREDICT)
    for node in graph.nodes:
        lowering.lower(node)
    lowering.recorder.finish()
    draft = lowering.recorder.draft().without_unused()
    blocks = draft.blocks()
    offsets, arena = place(blocks)
    check_arena(graph.name, batch, arena)
    return Prediction(finished(draft, blocks, offsets, arena), batch, lowering.constants)


@dataclass
class _Lowering:
    """Lowers node by node; `values` are the buffers of what nodes give, of levels the most significant plane.

    `more` are the other planes. A product whose threshold follows has no value.
    """

    graph: InferenceGraph
    batch: int
    captured: frozenset[str]
    recorder: Recorder = field(default_factory=Recorder)
    constants: dict[str, Callable[[], Array]] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    more: dict[str, tuple[int, ...]] = field(default_factory=dict)
    lengths: int | None = None  # of sequences, where they end before the last step
    live: bool = False

    def lower(self, node: InferenceNode) -> None:
        """Emit the instructions of a node."""
        match node:
            case InputCoding():
                value = self._input(node)
                if isinstance(node, SequenceCoding) and not self.live:
                    self.lengths = self.recorder.transient(f"{node.name}.lengths", roles.INPUT, (self.batch,), "i32")
                    self.recorder.emit("sequence_lengths", {"x": value, "lengths": self.lengths})
            case BinaryProduct() | PrunedProduct() | RealProduct():
                if self._threshold_of(node) is not None:
                    return
                value = self._product(node, None)
            case LevelsProduct():
                value = self._levels_product(node)
            case Threshold():
                value = self._threshold(node)
            case ComplexThreshold():
                value = self._complex_threshold(node)
            case Quantise():
                value = self._quantise(node)
            case Affine():
                value = self._affine(node)
            case ComplexAffine():
                value = self._complex_affine(node)
            case SpectralPool():
                value = self._spectral_pool(node)
            case Clip():
                value = self._clip(node)
            case Coding():
                value = self._coding(node)
            case Pool():
                value = self._pool(node)
            case Add():
                value = self._add(node)
            case Activation():
                value = self._made(node, FLOAT)
                self.recorder.emit(node.function, {"x": self._numbers(node.inputs[0]), "y": value})
            case Flatten():
                value = self._flatten(node)
            case Concat():
                value = self._concat(node)
            case Slice():
                value, *more = (self._copied(node, plane, node.begin) for plane in self._planes(node.inputs[0]))
                self.more[node.name] = tuple(more)
            case CirculantProduct():
                value = recurrent.product(self, node, self._numbers(node.inputs[0]))
            case Recurrent():
                value = recurrent.direction(self, node, self._numbers(node.inputs[0]))
            case SequencePool():
                value = self._made(node, FLOAT)
                operands = {"x": self._numbers(node.inputs[0]), "lengths": self.lengths, "y": value}
                self.recorder.emit("sequence_pool", operands, {"last": float(node.function == LAST)})
            case Q10Coding():
                value = self._made(node, "i16")
                self.recorder.emit("q10_quantise", {"x": self._numbers(node.inputs[0]), "y": value})
            case Q10Recurrent():
                value = recurrent_q10.direction(self, node, self.values[node.inputs[0]], live=self.live)
            case Q10Gru():
                value = recurrent_q10.gru(self, node, self.values[node.inputs[0]], live=self.live)
            case Q10Last():
                value = recurrent_q10.last(self, node, self.values[node.inputs[0]])
            case Q10Add():
                value = self._made(node, "i16")
                a, b = (self.values[source] for source in node.inputs)
                self.recorder.emit("q10_add", {"a": a, "b": b, "y": value})
            case Q10Outputs():
                value = recurrent_q10.outputs(self, node, self.values[node.inputs[0]], live=self.live)
            case Logits():
                value = self._numbers(node.inputs[0])
                self.recorder.output(value, "logits")
        self.values[node.name] = value
        if node.name in self.captured:
            value = self._levels_as_numbers(node.name)
            name = f"captured.{node.name}"
            self.recorder.output(self.recorder.view(value, name, self.recorder.shape(value)), name)

    # --- buffers ---

    def _made(self, node: InferenceNode, form: str, role: str = roles.X) -> int:
        return self.recorder.transient(node.name, role, (self.batch, *node.shape), form)

    def constant(self, name: str, role: str, shape: Shape, form: str, make: Callable[[], Array]) -> int:
        """A buffer that holds what `make` gives."""
        self.constants[name] = make
        return self.recorder.persistent(name, role, shape, form)

    def _channels(self, node: InferenceNode, part: str, values: Array) -> int:
        """A constant (1, channels)."""
        form = "i32" if values.dtype == np.int32 else FLOAT
        return self.constant(f"{node.name}.{part}", roles.BETA, (1, len(values)), form, lambda: values[None])

    def _numbers(self, source: str) -> int:
        """A value in floats: bytes u as (2u - 255) / 255."""
        value = self.values[source]
        if self.recorder.form(value) != "u8":
            return value
        numbers = self.recorder.transient(f"{source}.numbers", roles.X, self.recorder.shape(value), FLOAT)
        self.recorder.emit("to_numbers", {"x": value, "y": numbers})
        return numbers

    def _planes(self, source: str) -> tuple[int, ...]:
        """The planes of signs or levels, the most significant first."""
        return self.values[source], *self.more.get(source, ())

    def _levels_as_numbers(self, name: str) -> int:
        """Levels in floats; any other value as it is."""
        if not self.more.get(name):
            return self.values[name]
        planes, shape = self._planes(name), self.recorder.shape(self.values[name])
        levels = self.recorder.transient(f"{name}.levels", roles.X, shape, "u8")
        self.recorder.emit("levels_to_bytes", {**dict(zip(OPERANDS, planes, strict=False)), "y": levels})
        numbers = self.recorder.transient(f"{name}.numbers", roles.X, shape, FLOAT)
        self.recorder.emit("to_numbers", {"x": levels, "y": numbers})
        return numbers

    def _viewed(self, value: int, name: str, shape: Shape) -> int:
        same = self.recorder.shape(value) == shape
        return value if same else self.recorder.view(value, name, shape)

    # --- nodes ---

    def _input(self, node: InputCoding) -> int:
        shape = (self.batch, *node.shape)
        given = self.recorder.external(INPUT, roles.INPUT, shape, node.dtype)
        if not node.coded:
            return given
        codes = self._made(node, "u8")
        self.recorder.emit("quantise_input", {"x": given, "codes": codes}, {"low": node.low, "high": node.high})
        return codes

    def _threshold_of(self, node: BinaryProduct | PrunedProduct | RealProduct) -> Threshold | None:
        """The threshold that alone reads a product of integers, and so is one instruction with it."""
        readers = self.graph.readers(node.name)
        if node.gives != INTEGERS or len(readers) != 1 or node.name in self.captured:
            return None
        return readers[0] if isinstance(readers[0], Threshold) else None

    def _threshold(self, node: Threshold) -> int:
        source = self.graph.by_name[node.inputs[0]]
        if isinstance(source, (BinaryProduct, PrunedProduct, RealProduct)) and self._threshold_of(source) is node:
            return self._product(source, node)
        bits = self._made(node, "bit")
        least = self._channels(node, "least", node.least)
        self.recorder.emit("threshold", {"y": self.values[source.name], "least": least, "bits": bits})
        return bits

    def _complex_threshold(self, node: ComplexThreshold) -> int:
        lines, shift = node.factors, node.shift[None]
        operands = {
            "y": self.values[node.inputs[0]],
            "factors": self.constant(f"{node.name}.factors", roles.BETA, lines.shape, "i32", lambda: lines),
            "shift": self.constant(f"{node.name}.shift", roles.BETA, shift.shape, "i64", lambda: shift),
            "bits": self._made(node, "bit"),
        }
        self.recorder.emit("complex_threshold", operands)
        return operands["bits"]

    def _quantise(self, node: Quantise) -> int:
        """Levels of integers by their boundaries, of floats by those of q_k."""
        source, least = node.inputs[0], None
        x = self.values[source] if node.least is not None else self._numbers(source)
        if (bounds := node.least) is not None:
            least = self.constant(f"{node.name}.least", roles.BETA, bounds.shape, "i32", lambda: bounds)
        planes = tuple(self._made(node, "bit") for _ in range(node.bits))
        operands = {"x": x, "least": least, **dict(zip(OPERANDS, planes, strict=False))}
        self.recorder.emit("quantise", operands, {"span": 1.0})
        self.more[node.name] = planes[1:]
        return planes[0]

    def _levels_product(self, node: LevelsProduct) -> int:
        """Products of all pairs of planes, each times its power of two, the least significant pair first."""
        of_x = [self._as_pixels(node, plane) for plane in self._planes(node.inputs[0])]
        moves = node.window
        before = self.recorder.shape(of_x[0])
        shape = (self.batch, *node.shape) if moves is None else moves.images_over(before, node.shape[-1])
        taps = 1 if moves is None else moves.size[0] * moves.size[1]
        most = node.depth * taps * largest(node.bits) * largest(len(of_x))
        y, form = 0, levels_format(node.name, most)
        for i in range(node.bits):
            panels = self._panels(node, node.weights[node.bits - 1 - i], f".{i}" if i else "")
            for j, x in enumerate(reversed(of_x)):
                part = self.recorder.transient(node.name, roles.Y, shape, form)
                self._packed(moves, {"x": x, **panels, "y": part})
                if i + j == 0:
                    y = part
                else:
                    self.recorder.emit("add_product", {"y": y, "part": part}, {"times": float(2 ** (i + j))})
        return self._viewed(y, f"{node.name}.out", (self.batch, *node.shape))

    def _as_pixels(self, node: LevelsProduct, plane: int) -> int:
        if node.window is None:
            return plane
        return self._viewed(plane, f"{node.name}.images", node.window.as_images(self.recorder.shape(plane)))

    def _packed(self, moves: Window | None, operands: dict[str, int | None]) -> None:
        """A product of signs, whose weights are panels."""
        if moves is None:
            self.recorder.emit("packed_matmul", operands)
        else:
            self.recorder.emit("packed_conv2d", operands, _moves(moves, sized=True))

    def _product(self, node: BinaryProduct | PrunedProduct | RealProduct, threshold: Threshold | None) -> int:
        """A product, or the signs of its threshold where there is one."""
        floats = isinstance(node, RealProduct) and not node.binary
        x = self._numbers(node.inputs[0]) if floats else self.values[node.inputs[0]]
        moves = node.window or window("dense", 1, 1, VALID)
        as_images = node.window is not None or node.gives != INTEGERS or isinstance(node, PrunedProduct)
        before = self.recorder.shape(x)
        if as_images:
            images = moves.as_images(before) if node.window else (before[0], 1, 1, before[1])
            x = self._viewed(x, f"{node.name}.images", images)
        shape = moves.images_over(self.recorder.shape(x), node.shape[-1]) if as_images else (self.batch, *node.shape)
        if node.gives == INTEGERS:
            value = self._integers(node, threshold, x, moves if as_images else None, shape)
        else:
            assert isinstance(node, RealProduct)
            value = self._floats(node, x, moves, shape)
        return self._viewed(value, f"{(threshold or node).name}.out", (self.batch, *(threshold or node).shape))

    def _integers(
        self,
        node: BinaryProduct | PrunedProduct | RealProduct,
        threshold: Threshold | None,
        x: int,
        moves: Window | None,
        shape: Shape,
    ) -> int:
        """Exact sums, or their signs by a threshold."""
        binary = not isinstance(node, RealProduct)
        operands: dict[str, int | None] = {"x": x, **self._weights(node)}
        if threshold is None:
            summed = node.depth * (moves.size[0] * moves.size[1] if moves else 1)
            form = integer_format(summed, real_input=not binary)
            value = self.recorder.transient(node.name, roles.Y, shape, form)
            operands["y"] = value
        else:
            value = self.recorder.transient(threshold.name, roles.X, shape, "bit")
            operands |= {"bits": value, "least": self._channels(threshold, "least", threshold.least)}
        if isinstance(node, PrunedProduct):
            assert moves is not None
            how = {"parts": float(node.parts), "packed": float(node.joined)}
            self.recorder.emit("pruned_conv2d", operands, {**moves.attributes(), **how})
            return value
        family = "packed" if binary else "byte"
        if moves is None:
            self.recorder.emit(f"{family}_matmul", operands)
        else:
            self.recorder.emit(f"{family}_conv2d", operands, _moves(moves, sized=binary))
        return value

    def _weights(self, node: BinaryProduct | PrunedProduct | RealProduct) -> dict[str, int]:
        """The operands that hold a product's weights."""
        if isinstance(node, PrunedProduct):
            return self._lists(node)
        return self._panels(node, node.weights) if isinstance(node, BinaryProduct) else self._rows(node)

    def _lists(self, node: PrunedProduct) -> dict[str, int]:
        """The lists of a pruned product."""

        def kept(part: str, shape: Shape, form: str, array: Array) -> int:
            return self.constant(f"{node.name}.{part}", roles.W_SIGN, shape, form, _given(array))

        return {
            "ends": kept("ends", node.ends.shape, "i32", node.ends),
            "places": kept("places", node.places.shape, "i32", node.places),
            "signs": kept("signs", (node.words, WORD_BITS), "bit", node.signs[:, None]),
            "lanes": kept("lanes", (node.words, WORD_BITS), "bit", node.lanes[:, None]),
            "kept": kept("kept", (*node.kept.shape[:2], node.depth), "bit", node.kept),
        }

    def _panels(self, node: BinaryProduct | LevelsProduct, weights: Array, plane: str = "") -> dict[str, int]:
        """Weights as the kernels read them, packed when they are needed."""
        rows = weights.reshape(len(weights), -1)
        shape, name = panels_shape(*rows.shape), f"{node.name}.panels{plane}"
        return {"panels": self.constant(name, roles.W_SIGN, shape, "bit", lambda: pack_panels(rows))}

    def _rows(self, node: BinaryProduct | RealProduct) -> dict[str, int]:
        """Weights row by row, in signs or floats."""
        signs = isinstance(node, BinaryProduct) or node.binary
        shape = (*node.weights.shape[:-1], node.depth)
        role, form = (roles.W_SIGN, "bit") if signs else (roles.W, FLOAT)
        weights = node.weights
        return {"weights": self.constant(f"{node.name}.weights", role, shape, form, lambda: weights)}

    def _floats(self, node: RealProduct, x: int, moves: Window, shape: Shape) -> int:
        value = self.recorder.transient(node.name, roles.Y, shape, FLOAT)
        weights = self._rows(node)["weights"]
        if node.window is None:
            outputs, inputs = self.recorder.shape(weights)
            weights = self._viewed(weights, f"{node.name}.pixels", (outputs, 1, 1, inputs))
        attributes = {**moves.attributes(), "exact": 1.0}
        self.recorder.emit("conv2d", {"x": x, "weights": weights, "y": value}, attributes)
        if node.bias is not None:
            self.recorder.emit("add_bias", {"y": value, "bias": self._channels(node, "bias", node.bias)})
        return value

    def _affine(self, node: Affine) -> int:
        source = self.graph.by_name[node.inputs[0]]
        y = self.values[source.name] if source.gives == INTEGERS else self._numbers(source.name)
        stats = np.stack([node.mean, node.deviation])
        kept = self.constant(f"{node.name}.stats", roles.NORM, stats.shape, FLOAT, lambda: stats)
        shift, value = self._channels(node, "shift", node.shift), self._made(node, FLOAT)
        operands = {"y": y, "stats": kept, "beta": None if node.gain is not None else shift, "x": value}
        self.recorder.emit("norm_apply", operands, {"norm": L1, "relu": 0.0})
        if node.gain is None:
            return value
        scaled = self._made(node, FLOAT)
        gain = self._channels(node, "gain", node.gain)
        self.recorder.emit("scale_channels", {"x": value, "scale": gain, "y": scaled})
        self.recorder.emit("add_bias", {"y": scaled, "bias": shift})
        return scaled

    def _complex_affine(self, node: ComplexAffine) -> int:
        zeros = np.zeros_like(node.mean)
        z = self._affine(Affine(f"{node.name}.z", node.inputs, node.shape, FLOATS, node.mean, node.deviation, zeros))
        gains = self.constant(f"{node.name}.gains", roles.BETA, node.gains.shape, FLOAT, lambda: node.gains)
        value = self._made(node, FLOAT)
        self.recorder.emit("complex_map", {"x": z, "gains": gains, "y": value}, {"factor": 1.0, "transposed": 0.0})
        if node.shift is not None:
            self.recorder.emit("add_bias", {"y": value, "bias": self._channels(node, "shift", node.shift)})
        return value

    def _spectral_pool(self, node: SpectralPool) -> int:
        x = self._floats_of(node.inputs[0])
        shape = self.recorder.shape(x)
        images = (shape[0], *(1, *shape[1:])[-3:])
        left = (shape[0], *(1, *node.shape)[-3:])
        value = self.recorder.transient(node.name, roles.X, left, FLOAT)
        operands = {"x": self._viewed(x, f"{node.name}.images", images), "y": value}
        for part, matrix in (("rows", node.rows), ("columns", node.columns)):
            operands[part] = self.constant(f"{node.name}.{part}", roles.WORKSPACE, matrix.shape, FLOAT, _given(matrix))
        self.recorder.emit("spectral_pool", operands)
        return self._viewed(value, f"{node.name}.out", (self.batch, *node.shape))

    def _clip(self, node: Clip) -> int:
        value = self._made(node, FLOAT)
        self.recorder.emit("hard_tanh", {"x": self._numbers(node.inputs[0]), "y": value}, {"limit": node.limit})
        return value

    def _coding(self, node: Coding) -> int:
        codes = self._made(node, "u8")
        limits = {"low": -node.limit, "high": node.limit}
        self.recorder.emit("quantise_input", {"x": self._numbers(node.inputs[0]), "codes": codes}, limits)
        return codes

    def _floats_of(self, source: str) -> int:
        """A value in floats, sums of integers too: as a norm that changes nothing has them."""
        given = self.graph.by_name[source]
        if given.gives != INTEGERS:
            return self._numbers(source)
        zeros = np.zeros(given.shape[-1], np.float32)
        return self._affine(Affine(f"{source}.floats", (source,), given.shape, FLOATS, zeros, zeros + 1, zeros))

    def _sum_pool(self, node: Pool, x: int, shape: Shape) -> int:
        """Sums of products are as wide as they may have to be."""
        form = self.recorder.form(x)
        if node.gives == INTEGERS:
            form = integer_format(self._most(node), real_input=False)
        value = self.recorder.transient(node.name, roles.Y, shape, form)
        height, width = node.window.size
        self.recorder.emit("sum_pool", {"x": x, "y": value}, {"height": float(height), "width": float(width)})
        return value

    def _most(self, node: InferenceNode) -> int:
        """The largest integer that a node may give."""
        if isinstance(node, Pool):
            own = self._most(self.graph.by_name[node.inputs[0]])
            return own * (node.window.size[0] * node.window.size[1] if node.function == SUM else 1)
        assert isinstance(node, (BinaryProduct, PrunedProduct, RealProduct))
        summed = node.depth * (node.window.size[0] * node.window.size[1] if node.window else 1)
        return most_of(summed, real_input=isinstance(node, RealProduct))

    def _pool(self, node: Pool) -> int:
        if node.gives in LEVELS_OF_MORE:
            return self._levels_pool(node)
        return self._pooled(node, self.values[node.inputs[0]])

    def _levels_pool(self, node: Pool) -> int:
        """Levels as floats, the largest of which are levels again: which is larger no plane alone tells."""
        pooled = self._pooled(node, self._levels_as_numbers(node.inputs[0]))
        planes = tuple(self._made(node, "bit") for _ in range(PLANES[node.gives]))
        self.recorder.emit("quantise", {"x": pooled, **dict(zip(OPERANDS, planes, strict=False))}, {"span": 1.0})
        self.more[node.name] = planes[1:]
        return planes[0]

    def _pooled(self, node: Pool, x: int) -> int:
        x = self._viewed(x, f"{node.name}.images", node.window.as_images(self.recorder.shape(x)))
        shape = node.window.images_over(self.recorder.shape(x), node.shape[-1])
        form = self.recorder.form(x)
        if node.function == SUM:
            return self._viewed(self._sum_pool(node, x, shape), f"{node.name}.out", (self.batch, *node.shape))
        value = self.recorder.transient(node.name, roles.Y if node.gives == INTEGERS else roles.X, shape, form)
        op = "max_pool" if node.function == MAX else "average_pool"
        self.recorder.emit(op, {"x": x, "y": value}, node.window.pool_attributes())
        return self._viewed(value, f"{node.name}.out", (self.batch, *node.shape))

    def _add(self, node: Add) -> int:
        first, *others = (self._numbers(source) for source in node.inputs)
        for other in others:
            total = self._made(node, FLOAT)
            self.recorder.emit("add", {"a": first, "b": other, "y": total})
            first = total
        return first

    def _flatten(self, node: Flatten) -> int:
        x, flat = self.values[node.inputs[0]], (self.batch, *node.shape)
        channels = self.recorder.shape(x)[-1]
        as_they_are = node.gives not in PLANES or channels % WORD_BITS == 0 or channels == flat[1]
        images = (self.batch, 1, flat[1] // channels, channels)
        packed = []
        for plane in self._planes(node.inputs[0]):
            if as_they_are:
                packed.append(self._viewed(plane, node.name, flat))
                continue
            packed.append(self._made(node, "bit"))
            given = self._viewed(plane, f"{node.name}.images", images)
            self.recorder.emit("flatten_bits", {"x": given, "y": packed[-1]})
        if len(packed) > 1:
            self.more[node.name] = tuple(packed[1:])
        return packed[0]

    def _concat(self, node: Concat) -> int:
        by_plane = zip(*(self._planes(source) for source in node.inputs), strict=True)
        value, *more = (self._side_by_side(node, arms) for arms in by_plane)
        self.more[node.name] = tuple(more)
        return value

    def _side_by_side(self, node: Concat, arms: Sequence[int]) -> int:
        value, at = self._made(node, self.recorder.form(arms[0])), 0
        for number, arm in enumerate(arms):
            count = self.recorder.shape(arm)[-1]
            attributes = {"begin": 0.0, "at": float(at), "count": float(count), "fresh": float(number == 0)}
            self.recorder.emit("copy_channels", {"x": arm, "y": value}, attributes)
            at += count
        return value

    def _copied(self, node: Slice, x: int, begin: int) -> int:
        value = self._made(node, self.recorder.form(x))
        attributes = {"begin": float(begin), "at": 0.0, "count": float(node.shape[-1]), "fresh": 1.0}
        self.recorder.emit("copy_channels", {"x": x, "y": value}, attributes)
        return value


def _moves(moves: Window, *, sized: bool) -> dict[str, float]:
    """The attributes of a convolution; panels do not tell the window's size (`sized`)."""
    return moves.pool_attributes() if sized else moves.attributes()


def _given(array: Array) -> Callable[[], Array]:
    return lambda: array
