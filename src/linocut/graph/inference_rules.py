"""The rules of an inference graph: what each node gives, and which tensors it has, follow from what it reads."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from linocut.errors import SpecError
from linocut.formats import words
from linocut.graph.inference import (
    AVERAGE,
    BYTES,
    FACTOR_BITS,
    FLOATS,
    GRU_CELL,
    INTEGERS,
    LAST,
    LEVELS,
    LSTM_CELL,
    MAX,
    MEAN,
    PLANES,
    RELU,
    SHORTS,
    SIGMOID,
    SIGNS,
    SUM,
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
    Q10Add,
    Q10Coding,
    Q10Gru,
    Q10Last,
    Q10Outputs,
    Q10Recurrent,
    Quantise,
    RealProduct,
    Recurrent,
    SequencePool,
    Slice,
    SpectralPool,
    Threshold,
)
from linocut.layers.base import Shape
from linocut.layers.circulant import BLOCKS, blocks_of
from linocut.layers.fully_connected import MOST_OUTPUTS
from linocut.layers.gru import GATES as GRU_GATES
from linocut.layers.input import F32_MAX, MOST_ELEMENTS, MOST_SIZES
from linocut.layers.losses.base import IDENTITY, PATHS, SOFTMAX
from linocut.layers.losses.base import SIGMOID as OF_LOGITS
from linocut.layers.lstm import GATES as LSTM_GATES
from linocut.layers.lstm import PEEPHOLES
from linocut.ops import q10
from linocut.ops.bits import pack, padding_is_zero, unpack
from linocut.ops.keep_words import laid_out, places
from linocut.ops.q10_frames import MOST_FRAMES, MOST_OUTPUTS_OF
from linocut.ops.q10_transform import MOST_POINT

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.(pool|sums|numbers|forward|backward))?")
MOST_NAME = 109  # characters: those of a layer (place.py) and ".backward"
MOST_NODES, MOST_READS = 2000, 4000  # a layer makes two nodes at most

Tensors: TypeAlias = dict[str, tuple[Shape, type[np.generic]]]


@dataclass(frozen=True)
class Rule:
    """What a node gives, the shape of one example of it, and shape and type of each tensor that it may have."""

    shape: Shape
    gives: str
    tensors: Tensors = field(default_factory=dict)


def check(graph: InferenceGraph) -> None:
    """SpecError unless nodes are what `check_form` says, and their tensors those that they must have."""
    for node, rule in zip(graph.nodes, check_form(graph), strict=True):
        for part, array in node.arrays().items():
            if part not in rule.tensors:
                raise SpecError(f"{node.name} has a {part}, which a {node.kind} of {node.gives} has not")
            shape, form = rule.tensors[part]
            if (array.shape, array.dtype.type) != (shape, form):
                raise SpecError(f"{node.name}.{part} is {array.dtype} {array.shape}, must be {form.__name__} {shape}")
        if isinstance(node, ComplexThreshold):
            _check_lines(node)


def _check_lines(node: ComplexThreshold) -> None:
    """SpecError for factors and shifts with which no sum of 32 bits has a test of 64."""
    most = {"factors": 2 ** (FACTOR_BITS - 1) - 1, "shift": 2**61}
    for part, bound in most.items():
        largest = max(abs(int(node.arrays()[part].min())), abs(int(node.arrays()[part].max())))
        _want(largest <= bound, node, f"has {part} of up to {bound:,}, not {largest:,}")


def check_form(graph: InferenceGraph) -> list[Rule]:
    """The rule of each node, tensors not looked at.

    SpecError unless nodes have names of their own, are in order, are what their inputs make them, and all are read.
    """
    known: dict[str, InferenceNode] = {}
    rules: list[Rule] = []
    _check_count(graph)
    for node in graph.nodes:
        if len(node.name) > MOST_NAME or not NAME.fullmatch(node.name):
            raise SpecError(f"a node is called {node.name[:MOST_NAME]!r}; names are letters, digits, _ and -")
        if node.name in known:
            raise SpecError(f"two nodes are called {node.name}")
        for source in node.inputs:
            if source not in known:
                raise SpecError(f"{node.name} reads {source!r}, which is no node before it")
        rule = rule_of(node, [known[source] for source in node.inputs])
        _check_gives(node, rule)
        known[node.name] = node
        rules.append(rule)
    _check_ends(graph)
    return rules


def _check_count(graph: InferenceGraph) -> None:
    reads = sum(len(node.inputs) for node in graph.nodes)
    if len(graph.nodes) > MOST_NODES or reads > MOST_READS:
        raise SpecError(
            f"it has {len(graph.nodes):,} nodes of {reads:,} inputs, must have at most {MOST_NODES:,} of {MOST_READS:,}"
        )


def _check_gives(node: InferenceNode, rule: Rule) -> None:
    """SpecError unless a node gives what its rule says, of a size that can be."""
    if (node.shape, node.gives) != (rule.shape, rule.gives):
        raise SpecError(f"{node.name} gives {node.gives} {node.shape}, must be {rule.gives} {rule.shape}")
    if not 1 <= len(node.shape) <= MOST_SIZES or not 1 <= math.prod(node.shape) <= MOST_ELEMENTS:
        raise SpecError(f"{node.name} gives {node.shape}, must be 1 to {MOST_SIZES} sizes of a sensible example")


def _check_ends(graph: InferenceGraph) -> None:
    """SpecError unless there is one input, first, and one output, last, and all else is read."""
    if not graph.nodes or not isinstance(graph.nodes[0], InputCoding) or not isinstance(graph.nodes[-1], Logits):
        raise SpecError("it must begin with an input_coding and end with logits")
    for node in graph.nodes[1:-1]:
        if isinstance(node, (InputCoding, Logits)):
            raise SpecError(f"{node.name} is a second {node.kind}")
    read = {source for node in graph.nodes for source in node.inputs}
    for node in graph.nodes[:-1]:
        if node.name not in read:
            raise SpecError(f"no node reads {node.name}")
    if graph.classes != (classes := _classes(graph.logits)):
        raise SpecError(f"it tells {graph.classes} classes apart, must be {classes}")


def _classes(logits: Logits) -> int:
    """How many classes outputs tell apart: none of a regression, two of one sigmoid."""
    outputs = logits.shape[0]
    return {SOFTMAX: outputs, OF_LOGITS: max(2, outputs)}.get(logits.function, 0)


def rule_of(node: InferenceNode, givers: Sequence[InferenceNode]) -> Rule:
    """The rule of a node that reads what `givers` give; SpecError where it cannot read that."""
    kinds = " and ".join(sorted({giver.gives for giver in givers}))
    match node:
        case InputCoding():
            _want(not givers, node, "reads nothing")
            _want(node.dtype in ("u8", "f32"), node, f"has dtype u8 or f32, not {node.dtype!r}")
            _want(not (node.is_bytes and node.coded), node, "codes f32 only")
            _want(
                -F32_MAX <= node.low < node.high <= F32_MAX, node, f"has a rising range, not {node.low} to {node.high}"
            )
            return Rule(node.shape, BYTES if node.is_bytes or node.coded else FLOATS)
        case Add():
            _want(len(givers) > 1 and len({giver.shape for giver in givers}) == 1, node, "adds several of one shape")
            _want(all(giver.gives in (BYTES, FLOATS) for giver in givers), node, f"reads bytes or floats, not {kinds}")
            return Rule(givers[0].shape, FLOATS)
        case Q10Add():
            _want(len(givers) == 2 and len({giver.shape for giver in givers}) == 1, node, "adds two of one shape")
            _want(kinds == SHORTS, node, f"reads {SHORTS}, not {kinds}")
            return Rule(givers[0].shape, SHORTS)
        case Concat():
            _want(
                len(givers) > 1 and kinds in (BYTES, FLOATS, *PLANES), node, f"joins several of one kind, not {kinds}"
            )
            _want(len({giver.shape[:-1] for giver in givers}) == 1, node, "joins values of one height and width")
            return Rule((*givers[0].shape[:-1], sum(giver.shape[-1] for giver in givers)), kinds)
    _want(len(givers) == 1, node, f"reads one node, not {len(givers)}")
    return _of_one(node, givers[0])


def _of_one(node: InferenceNode, giver: InferenceNode) -> Rule:
    shape, gives = giver.shape, giver.gives
    channels = (shape[-1],)
    match node:
        case BinaryProduct():
            _want_kind(node, gives, SIGNS)
            return Rule(_product_shape(node, shape), INTEGERS, _product_tensors(node, binary=True))
        case PrunedProduct():
            _want_kind(node, gives, SIGNS)
            return Rule(_product_shape(node, shape), INTEGERS, _pruned_tensors(node))
        case LevelsProduct():
            _want_kind(node, gives, *PLANES)
            _want(node.bits in LEVELS, node, f"has 1, 2 or 4 bits, not {node.bits}")
            (shape_of_one, form) = _product_tensors(node, binary=True)["weights"]
            return Rule(_product_shape(node, shape), INTEGERS, {"weights": ((node.bits, *shape_of_one), form)})
        case RealProduct():
            _want_kind(node, gives, BYTES, FLOATS)
            exact = node.binary and gives == BYTES
            tensors = _product_tensors(node, binary=node.binary)
            if not exact:
                tensors["bias"] = (node.shape[-1:], np.float32)
            return Rule(_product_shape(node, shape), INTEGERS if exact else FLOATS, tensors)
        case Threshold():
            _want_kind(node, gives, INTEGERS, FLOATS)
            return Rule(shape, SIGNS, {"least": (channels, np.int32 if gives == INTEGERS else np.float32)})
        case ComplexThreshold():
            _want_kind(node, gives, INTEGERS)
            _want_pairs(node, shape)
            lines: Tensors = {"factors": ((4, shape[-1] // 2), np.int32), "shift": (channels, np.int64)}
            return Rule(shape, SIGNS, lines)
        case Quantise():
            _want_kind(node, gives, INTEGERS, FLOATS)
            _want(node.bits in (2, 4), node, f"has 2 or 4 bits, not {node.bits}")
            _want((node.least is None) == (gives == FLOATS), node, "has a least of integers, and none of floats")
            of_integers: Tensors = {"least": ((2**node.bits - 1, *channels), np.int32)}
            return Rule(shape, LEVELS[node.bits], of_integers if gives == INTEGERS else {})
        case Affine():
            _want_kind(node, gives, BYTES, INTEGERS, FLOATS)
            return Rule(shape, FLOATS, {part: (channels, np.float32) for part in node.tensors})
        case ComplexAffine():
            _want_kind(node, gives, BYTES, INTEGERS, FLOATS)
            _want_pairs(node, shape)
            _want(1 <= node.matrix <= 4, node, f"has 1 to 4 numbers a channel, not {node.matrix}")
            by_channel = dict.fromkeys(("mean", "deviation", "shift"), (channels, np.float32))
            return Rule(shape, FLOATS, {**by_channel, "gains": ((node.matrix, shape[-1] // 2), np.float32)})
        case SpectralPool():
            _want_kind(node, gives, BYTES, INTEGERS, FLOATS)
            _want_pairs(node, shape)
            _want(len(shape) in (2, 3), node, f"reads images or sequences, not {shape}")
            left = tuple(side - side // 2 for side in shape[:-1])
            sides = [(2, after, before) for after, before in zip((1, *left)[-2:], (1, *shape[:-1])[-2:], strict=True)]
            found: Tensors = {part: (size, np.float32) for part, size in zip(node.tensors, sides, strict=True)}
            return Rule((*left, shape[-1]), FLOATS, found)
        case Clip():
            _want_kind(node, gives, BYTES, FLOATS)
            _want(0 < node.limit <= F32_MAX, node, f"has a limit above 0, not {node.limit}")
            return Rule(shape, FLOATS)
        case Coding():
            _want_kind(node, gives, FLOATS)
            _want(0 < node.limit <= F32_MAX, node, f"has a limit above 0, not {node.limit}")
            return Rule(shape, BYTES)
        case Pool():
            functions = (MAX, AVERAGE, SUM)
            _want(node.function in functions, node, f"has function {', '.join(functions)}, not {node.function!r}")
            known = {MAX: (FLOATS, INTEGERS, *PLANES), SUM: (FLOATS, INTEGERS)}.get(node.function, (FLOATS,))
            _want_kind(node, gives, *known)
            side = node.window.size
            apart = node.window.stride == side[1] and (node.window.flat or side[0] == side[1])
            _want(node.function != SUM or (apart and node.window.pads == (0, 0)), node, "sums windows side by side")
            return Rule((*node.window.over(shape), shape[-1]), gives)
        case Activation():
            _want_kind(node, gives, BYTES, FLOATS)
            known = (RELU, TANH, SIGMOID)
            _want(node.function in known, node, f"has function {', '.join(known)}, not {node.function!r}")
            return Rule(shape, FLOATS)
        case Flatten():
            _want_kind(node, gives, BYTES, FLOATS, *PLANES)
            return Rule((math.prod(shape),), gives)
        case Slice():
            _want_kind(node, gives, BYTES, FLOATS, *PLANES)
            count = node.shape[-1]
            _want(
                0 <= node.begin <= shape[-1] - count, node, f"takes {count} of {shape[-1]} channels from {node.begin}"
            )
            return Rule((*shape[:-1], count), gives)
        case CirculantProduct():
            _want_kind(node, gives, FLOATS)
            _want(len(shape) <= 2, node, f"reads a vector or a sequence, not {shape}")
            _check_block(node)
            outputs = node.shape[-1]
            tensors = {"weights": _circulant(node, shape[-1], outputs), "bias": ((outputs,), np.float32)}
            return Rule((*shape[:-1], outputs), FLOATS, dict(tensors))
        case Recurrent():
            _want_kind(node, gives, FLOATS)
            _want(len(shape) == 2, node, f"reads a sequence, not {shape}")
            _check_block(node)
            return Rule((shape[0], node.shape[-1]), FLOATS, _recurrent_tensors(node, shape[-1]))
        case SequencePool():
            _want_kind(node, gives, FLOATS)
            _want(len(shape) == 2, node, f"reads a sequence, not {shape}")
            _want(node.function in (MEAN, LAST), node, f"has function {MEAN} or {LAST}, not {node.function!r}")
            return Rule(shape[1:], FLOATS)
        case Q10Coding():
            _want_kind(node, gives, FLOATS)
            return Rule(shape, SHORTS)
        case Q10Recurrent():
            _want_kind(node, gives, SHORTS)
            _want(len(shape) == 2, node, f"reads a sequence, not {shape}")
            return Rule((shape[0], node.shape[-1]), SHORTS, _q10_tensors(node, shape[-1]))
        case Q10Gru():
            _want_kind(node, gives, SHORTS)
            _want(len(shape) == 2, node, f"reads a sequence, not {shape}")
            return Rule((shape[0], node.cells), SHORTS, _gru_tensors(node, shape[-1]))
        case Q10Last():
            _want_kind(node, gives, SHORTS)
            _want(len(shape) == 2, node, f"reads a sequence, not {shape}")
            return Rule(shape[1:], SHORTS)
        case Q10Outputs():
            _want_kind(node, gives, SHORTS)
            _want(
                len(shape) in ((2,) if node.mean else (1, 2)),
                node,
                f"reads a sequence{'' if node.mean else ' or a vector'}, not {shape}",
            )
            _check_point(node, node.point)
            _want(shape[-1] <= MOST_OUTPUTS_OF, node, f"reads {MOST_OUTPUTS_OF:,} features or fewer, not {shape[-1]:,}")
            steps = 1 if len(shape) == 1 else shape[0]
            _want(steps <= MOST_FRAMES, node, f"reads {MOST_FRAMES:,} steps or fewer, not {steps:,}")
            outputs = node.shape[-1]
            own: Tensors = {"weights": ((outputs, shape[-1]), np.int16), "bias": ((outputs,), np.int16)}
            return Rule((outputs,) if node.mean else (*shape[:-1], outputs), FLOATS, own)
        case Logits():
            _want_kind(node, gives, FLOATS)
            _want(not isinstance(giver, InputCoding), node, "does not read the input")
            ends = 2 if node.function == PATHS else 1
            _want(len(shape) == ends, node, f"reads a {'sequence' if ends == 2 else 'vector'}, not {shape}")
            ends_in = (SOFTMAX, OF_LOGITS, IDENTITY, PATHS)
            _want(node.function in ends_in, node, f"has function {', '.join(ends_in)}, not {node.function!r}")
            return Rule(shape, FLOATS)
        case _:
            raise SpecError(f"{node.name}: a {node.kind} reads several nodes, not one")


def _pruned_tensors(node: PrunedProduct) -> Tensors:
    window = (1, 1) if node.window is None else node.window.size
    _want(node.parts in (1, 2) and node.depth % node.parts == 0, node, f"has 1 or 2 equal parts, not {node.parts}")
    most = node.shape[-1] * places((*window, node.depth), node.parts, node.joined)
    _want(1 <= node.words <= most, node, f"has 1 to {most:,} words, not {node.words:,}")
    return {
        "ends": (node.shape[-1:], np.int32),
        "places": ((node.words,), np.int32),
        "signs": ((node.words,), np.uint64),
        "lanes": ((node.words,), np.uint64),
        "kept": ((*window, words(node.depth)), np.uint64),
    }


def check_lists(node: PrunedProduct) -> None:
    """SpecError for lists that no layer has: out of order, of places or lanes that there are not."""
    kept = unpack(node.kept, node.depth)
    lanes = np.full((1, *kept.shape), True)
    joined = pack(lanes.reshape(1, -1)[:, kept.ravel()])
    (whole,) = joined if node.joined else laid_out(lanes, node.parts)
    ends, places_of = node.ends.astype(np.int64), node.places.astype(np.int64)
    _want(bool((np.diff(ends, prepend=0) >= 0).all()) and ends[-1] == node.words, node, "has lists one after the other")
    _want(bool(((places_of >= 0) & (places_of < len(whole))).all()), node, f"has places below {len(whole):,}")
    _want(not np.any(node.lanes & ~whole[places_of]), node, "has lanes of its inputs alone")
    _want(not np.any(node.signs & ~node.lanes), node, "has signs of its lanes alone")
    _want(padding_is_zero(node.kept, node.depth), node, "keeps inputs that it has")


def _product_shape(node: BinaryProduct | PrunedProduct | LevelsProduct | RealProduct, shape: Shape) -> Shape:
    _want(node.depth == shape[-1], node, f"has a depth of {shape[-1]}, not {node.depth}")
    outputs = node.shape[-1:]
    if node.window is None:
        _want(len(shape) == 1, node, f"reads a vector, not {shape}, without a window")
        return outputs
    return (*node.window.over(shape), *outputs)


def _product_tensors(node: BinaryProduct | LevelsProduct | RealProduct, *, binary: bool) -> Tensors:
    outputs = node.shape[-1]
    taps = () if node.window is None else node.window.size
    inputs, form = (words(node.depth), np.uint64) if binary else (node.depth, np.float32)
    return {"weights": ((outputs, *taps, inputs), form)}


def _circulant(node: CirculantProduct | Recurrent, inputs: int, outputs: int) -> tuple[Shape, type[np.generic]]:
    """Shape and type of weights in circulant blocks."""
    return (blocks_of(inputs, node.block), blocks_of(outputs, node.block), node.block), np.float32


def _check_block(node: CirculantProduct | Recurrent) -> None:
    _want(node.block in BLOCKS, node, f"has blocks of {', '.join(map(str, BLOCKS))}, not {node.block}")


def _recurrent_tensors(node: Recurrent, features: int) -> Tensors:
    """Of a direction; whether peepholes and a projection are there, its arrays say."""
    cells, outputs = node.cells, node.shape[-1]
    kinds = (LSTM_CELL, GRU_CELL)
    _want(node.cell in kinds, node, f"has cells {' or '.join(kinds)}, not {node.cell!r}")
    _want(node.bound >= 0, node, f"has a bound of 0 or more, not {node.bound}")
    _want(1 <= cells <= MOST_OUTPUTS and cells % node.block == 0, node, f"has whole blocks of cells, not {cells}")
    _want(outputs % node.block == 0, node, f"has whole blocks of outputs, not {outputs}")
    _want(node.projection is not None or outputs == cells, node, f"gives {cells} outputs, not {outputs}")
    gates = (LSTM_GATES if node.cell == LSTM_CELL else GRU_GATES) * cells
    found: Tensors = {"input_weights": _circulant(node, features, gates), "bias": ((gates,), np.float32)}
    if node.cell == GRU_CELL:
        _want(node.candidate_weights is not None, node, "has candidate_weights")
        found["recurrent_weights"] = _circulant(node, cells, 2 * cells)
        found["candidate_weights"] = _circulant(node, cells, cells)
        return found
    found["recurrent_weights"] = _circulant(node, outputs, gates)
    found["peepholes"] = ((PEEPHOLES, cells), np.float32)
    found["projection"] = _circulant(node, cells, outputs)
    return found


def _q10_tensors(node: Q10Recurrent, features: int) -> Tensors:
    """Of a direction in Q5.10; whether peepholes and a projection are there, its arrays say."""
    cells, outputs, block = node.cells, node.shape[-1], node.block
    _want(block in BLOCKS, node, f"has blocks of {', '.join(map(str, BLOCKS))}, not {block}")
    _want(1 <= cells <= MOST_OUTPUTS and cells % block == 0, node, f"has whole blocks of cells, not {cells}")
    _want(outputs % block == 0, node, f"has whole blocks of outputs, not {outputs}")
    _want(node.projection is not None or outputs == cells, node, f"gives {cells} outputs, not {outputs}")
    _want(0 <= node.cut <= q10.MOST, node, f"has a cut of 0 to {q10.MOST:,}, not {node.cut}")
    for point in (node.point, node.projection_point):
        _check_point(node, point)
    ours, into, out = cells // block, blocks_of(features, block), outputs // block
    return {
        "input_weights": ((LSTM_GATES, ours, into, block), np.int16),
        "recurrent_weights": ((LSTM_GATES, ours, out, block), np.int16),
        "bias": ((LSTM_GATES, cells), np.int16),
        "peepholes": ((PEEPHOLES, cells), np.int16),
        "projection": ((out, ours, block), np.int16),
    }


def _gru_tensors(node: Q10Gru, features: int) -> Tensors:
    """Of a GRU layer in Q5.10."""
    cells, block = node.cells, node.block
    _want(block in BLOCKS, node, f"has blocks of {', '.join(map(str, BLOCKS))}, not {block}")
    _want(1 <= cells <= MOST_OUTPUTS and cells % block == 0, node, f"has whole blocks of cells, not {cells}")
    for point in (node.point, node.candidate_point):
        _check_point(node, point)
    ours, into = cells // block, blocks_of(features, block)
    return {
        "input_weights": ((GRU_GATES, ours, into, block), np.int16),
        "recurrent_weights": ((GRU_GATES - 1, ours, ours, block), np.int16),
        "candidate_weights": ((ours, ours, block), np.int16),
        "bias": ((GRU_GATES, cells), np.int16),
    }


def _check_point(node: InferenceNode, point: int) -> None:
    _want(0 <= point <= MOST_POINT, node, f"has a point of 0 to {MOST_POINT}, not {point}")


def _want_pairs(node: InferenceNode, shape: Shape) -> None:
    _want(shape[-1] % 2 == 0, node, f"reads pairs of real and imaginary parts, not {shape[-1]} channels")


def _want_kind(node: InferenceNode, gives: str, *known: str) -> None:
    _want(gives in known, node, f"reads {' or '.join(known)}, not {gives}")


def _want(holds: bool, node: InferenceNode, what: str) -> None:
    if not holds:
        raise SpecError(f"{node.name}: a {node.kind} {what}")
