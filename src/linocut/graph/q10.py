"""sixteen_bits: an inference graph of LSTM and GRU layers in Q5.10, from one in floats.

Weights become packed spectra, each matrix in units by which its largest component fills 15 bits; all else is int16 of
which 1,024 is 1. Over calibration examples each product's transforms halve in the inverse alone where no integer comes
near the limit, which rounds least, else in both ("split"). What saturates is counted, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from linocut.errors import SpecError
from linocut.graph.inference import (
    FLOATS,
    LAST,
    LSTM_CELL,
    MEAN,
    SHORTS,
    Add,
    CirculantProduct,
    InferenceGraph,
    InferenceNode,
    Logits,
    Q10Add,
    Q10Coding,
    Q10Gru,
    Q10Last,
    Q10Node,
    Q10Outputs,
    Q10Recurrent,
    Recurrent,
    SequenceCoding,
    SequencePool,
)
from linocut.graph.inference_rules import check
from linocut.layers.circulant import dense_of
from linocut.layers.lstm import GATES
from linocut.ops import q10
from linocut.ops.bits import Array
from linocut.ops.q10_gru import GATES as GRU_GATES
from linocut.ops.q10_gru import Cell as GruCell
from linocut.ops.q10_lstm import Cell
from linocut.ops.q10_lstm import F as FORGET
from linocut.ops.q10_transform import spectra

NEAR = 0.95  # of the largest integer: products whose integers stay below need no halvings on the way there
OWN, PAPER = "own", "paper"
FUNCTIONS = (OWN, PAPER)
FORGET_BIAS = 1.0
CALIBRATED = 32  # examples that are looked at, at most; of eight the largest integers are a tenth smaller


@dataclass(frozen=True)
class Sixteen:
    """The graph in 16 bits, and what was seen while it was made.

    `saturated` counts numbers by node and part that Q5.10 cannot hold (and which are clipped), `largest` is the largest
    integer of each product with all halvings in the inverse, and `clipped` counts the integers that saturated in the
    calibration run, by node.
    """

    graph: InferenceGraph
    saturated: dict[str, int]
    largest: dict[str, int]
    clipped: dict[str, int]


def is_sixteen(graph: InferenceGraph) -> bool:
    """Whether a graph is in Q5.10."""
    return any(isinstance(node, Q10Node) for node in graph.nodes)


def one_frame(graph: InferenceGraph) -> InferenceGraph:
    """The same graph over sequences of one step; SpecError where it is not in Q5.10, or goes backwards."""
    if not is_sixteen(graph):
        raise SpecError(f"{graph.name} is in floats, a stream is in 16 bits; make its graph by sixteen_bits first")
    for node in graph.nodes:
        if isinstance(node, Q10Recurrent) and node.backwards:
            raise SpecError(
                f"{node.name} goes backwards, from a sequence's last frame on, which streams and C of frames do not "
                "know; take layers of one direction, or export --to hls, which has whole sequences"
            )
    return replace(graph, nodes=tuple(_of_one(node) for node in graph.nodes))


def _of_one(node: InferenceNode) -> InferenceNode:
    return replace(node, shape=(1, node.shape[1])) if len(node.shape) == 2 else node


def sixteen_bits(graph: InferenceGraph, examples: Array | None = None, functions: str = OWN) -> Sixteen:
    """The graph in Q5.10, halvings chosen over `examples` (n, steps, features); without any they are split.

    `functions` are linocut's "own", or those of the "paper". SpecError for a node that has no 16-bit form, for weights
    that 16 bits cannot hold, and for examples of another shape.
    """
    if functions not in FUNCTIONS:
        raise SpecError(f"functions is {functions!r}, must be {' or '.join(FUNCTIONS)}")
    if is_sixteen(graph):
        raise SpecError(f"{graph.name} is in 16 bits already; give the network in floats that it was made of")
    given = None if examples is None else _examples(examples, graph)
    return _Maker(graph, functions == PAPER, given).made()


def _examples(examples: Array, graph: InferenceGraph) -> Array:
    shape = graph.input.shape
    if examples.ndim != 3 or examples.shape[1:] != shape or not len(examples):
        raise SpecError(f"calibration examples have shape {examples.shape}, must be (n, {', '.join(map(str, shape))})")
    some: Array = examples[:CALIBRATED].astype(np.float32)
    if not np.isfinite(some).all():
        raise SpecError("calibration examples hold NaN or infinite numbers; give finite ones")
    return some


@dataclass
class _Maker:
    graph: InferenceGraph
    paper: bool
    examples: Array | None
    nodes: list[InferenceNode] = field(default_factory=list)
    values: dict[str, Array] = field(default_factory=dict)  # of calibration, int64 (n, steps, features)
    saturated: dict[str, int] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)
    clipped: dict[str, int] = field(default_factory=dict)
    lengths: Array | None = None
    renamed: dict[str, str] = field(default_factory=dict)

    def made(self) -> Sixteen:
        pooled: SequencePool | None = None
        for node in self.graph.nodes:
            match node:
                case SequenceCoding():
                    self._input(node)
                case Recurrent() if node.cell == LSTM_CELL:
                    self._recurrent(node)
                case Recurrent():
                    self._gru(node)
                case Add() if len(node.inputs) == 2:
                    self._put(Q10Add(node.name, self._read(node), node.shape, SHORTS))
                    if self.examples is not None:
                        a, b = (self.values[source] for source in self._read(node))
                        self.values[node.name] = q10.saturated(a + b)
                case SequencePool() if node.function == MEAN:
                    pooled = node
                    self.renamed[node.name] = self._read(node)[0]
                case SequencePool() if node.function == LAST:
                    self._put(Q10Last(node.name, self._read(node), node.shape, SHORTS))
                case CirculantProduct() if self._ends(node):
                    self._outputs(node, pooled is not None)
                case Logits() if isinstance(self.nodes[-1], Q10Outputs):
                    self._put(node)
                case _:
                    raise SpecError(
                        f"{node.name}: a {node.kind} has no 16-bit form; 16 bits take LSTM and GRU layers, the mean "
                        "or the last of their steps, or each, and one dense layer at the end"
                    )
        graph = replace(self.graph, nodes=tuple(self.nodes))
        check(graph)
        return Sixteen(graph, self.saturated, self.largest, self.clipped)

    # --- nodes ---

    def _put(self, node: InferenceNode) -> None:
        self.nodes.append(node)

    def _read(self, node: InferenceNode) -> tuple[str, ...]:
        return tuple(self.renamed.get(source, source) for source in node.inputs)

    def _ends(self, node: CirculantProduct) -> bool:
        """Whether logits alone read it."""
        readers = self.graph.readers(node.name)
        return len(readers) == 1 and isinstance(readers[0], Logits)

    def _input(self, node: SequenceCoding) -> None:
        self._put(node)
        name = self._free(f"{node.name}_q10")
        self._put(Q10Coding(name, (node.name,), node.shape, SHORTS))
        self.renamed[node.name] = name
        if self.examples is not None:
            self._count(name, "examples", self.examples)
            self.values[name] = q10.quantised(self.examples)
            filled = (self.examples != 0).any(axis=2)
            self.lengths = np.where(filled.any(axis=1), filled.shape[1] - filled[:, ::-1].argmax(axis=1), 0)

    def _free(self, name: str) -> str:
        taken = {node.name for node in self.graph.nodes}
        while name in taken:
            name += "_"
        return name

    def _count(self, node: str, part: str, values: Array) -> None:
        if count := q10.saturating(values):
            self.saturated[f"{node}.{part}"] = self.saturated.get(f"{node}.{part}", 0) + count

    def _shorts(self, node: str, part: str, values: Array) -> Array:
        self._count(node, part, values)
        return q10.quantised(values).astype(np.int16)

    def _recurrent(self, node: Recurrent) -> None:
        into = len(node.input_weights)
        both = np.concatenate([node.input_weights, node.recurrent_weights]).transpose(1, 0, 2)
        try:
            gates = spectra(both)
            projection = None if node.projection is None else spectra(node.projection.transpose(1, 0, 2))
        except SpecError as error:
            raise SpecError(f"{node.name}: {error}; train with smaller weights") from None
        packed = gates.values.reshape(GATES, -1, *gates.values.shape[1:])
        bias = node.bias.reshape(GATES, -1).astype(np.float64)
        bias[FORGET] += FORGET_BIAS
        made = Q10Recurrent(
            node.name,
            self._read(node),
            node.shape,
            SHORTS,
            cells=node.cells,
            block=node.block,
            point=gates.point,
            projection_point=0 if projection is None else projection.point,
            inverse=False,
            projection_inverse=False,
            paper=self.paper,
            sigmoid=node.sigmoid,
            cut=min(q10.MOST, int(np.rint(node.bound * q10.ONE))),
            backwards=node.backwards,
            input_weights=np.ascontiguousarray(packed[:, :, :into]),
            recurrent_weights=np.ascontiguousarray(packed[:, :, into:]),
            bias=self._shorts(node.name, "bias", bias),
            peepholes=None if node.peepholes is None else self._shorts(node.name, "peepholes", node.peepholes),
            projection=None if projection is None else projection.values,
        )
        self._put(made if self.examples is None else self._calibrated(made))

    def _gru(self, node: Recurrent) -> None:
        assert node.candidate_weights is not None, "as the graph's rules say"
        into, both = len(node.input_weights), 2 * (node.cells // node.block)
        inputs, own = node.input_weights[:, :both], node.input_weights[:, both:]
        try:
            gates = spectra(np.concatenate([inputs, node.recurrent_weights]).transpose(1, 0, 2))
            candidate = spectra(np.concatenate([own, node.candidate_weights]).transpose(1, 0, 2))
        except SpecError as error:
            raise SpecError(f"{node.name}: {error}; train with smaller weights") from None
        packed = gates.values.reshape(2, -1, *gates.values.shape[1:])
        made = Q10Gru(
            node.name,
            self._read(node),
            node.shape,
            SHORTS,
            cells=node.cells,
            block=node.block,
            point=gates.point,
            candidate_point=candidate.point,
            inverse=False,
            paper=self.paper,
            input_weights=np.concatenate([packed[:, :, :into], candidate.values[None, :, :into]]),
            recurrent_weights=np.ascontiguousarray(packed[:, :, into:]),
            candidate_weights=np.ascontiguousarray(candidate.values[:, into:]),
            bias=self._shorts(node.name, "bias", node.bias.reshape(GRU_GATES, -1)),
        )
        self._put(made if self.examples is None else self._calibrated_gru(made))

    def _outputs(self, node: CirculantProduct, mean: bool) -> None:
        outputs, features = node.shape[-1], self.graph.by_name[node.inputs[0]].shape[-1]
        dense = dense_of(node.weights)[:outputs, :features]
        try:
            found = spectra(dense[..., None])
        except SpecError as error:
            raise SpecError(f"{node.name}: {error}; train with smaller weights") from None
        bias = np.zeros(outputs) if node.bias is None else node.bias
        weights, short = found.values[..., 0], self._shorts(node.name, "bias", bias)
        source = self._read(node)
        self._put(Q10Outputs(node.name, source, node.shape, FLOATS, mean, found.point, weights, short))

    # --- calibration ---

    def _calibrated(self, node: Q10Recurrent) -> Q10Recurrent:
        """With the halvings that a run over the examples allows."""
        freest = replace(node, inverse=True, projection_inverse=node.projection is not None)
        seen = self._seen(freest)
        chosen = replace(
            freest,
            inverse=seen.fits("gates"),
            projection_inverse=freest.projection_inverse and seen.fits("projection"),
        )
        self._keep(chosen)
        return chosen

    def _calibrated_gru(self, node: Q10Gru) -> Q10Gru:
        """The same of a GRU layer, whose products share their halvings."""
        freest = replace(node, inverse=True)
        seen = self._seen(freest)
        chosen = replace(freest, inverse=seen.fits("gates") and seen.fits("candidates"))
        self._keep(chosen)
        return chosen

    def _seen(self, node: Q10Recurrent | Q10Gru) -> _Seen:
        """What a run over the examples saw, with all halvings in the inverse."""
        seen = _Seen()
        self._run(node, seen)
        for product, largest in seen.largest.items():
            self.largest[f"{node.name}.{product}"] = largest
        return seen

    def _keep(self, node: Q10Recurrent | Q10Gru) -> None:
        """Keep what the node as it was chosen gives over the examples, and what saturated."""
        again = _Seen()
        self.values[node.name] = self._run(node, again)
        if again.clipped:
            self.clipped[node.name] = again.clipped

    def _run(self, node: Q10Recurrent | Q10Gru, seen: _Seen) -> Array:
        """What the node gives over the examples, int64 (n, steps, outputs)."""
        assert self.lengths is not None
        x = self.values[node.inputs[0]]
        if isinstance(node, Q10Gru):
            return self._run_gru(node, x, self.lengths, seen)
        cell = cell_of(node, seen)
        out = np.zeros((*x.shape[:2], node.shape[-1]), np.int64)
        y, c = np.zeros((len(x), node.shape[-1]), np.int64), np.zeros((len(x), node.cells), np.int64)
        for active, at in steps_of(self.lengths, x.shape[1], backwards=node.backwards):
            found = cell.step(x[active, at], y[active], c[active])
            out[active, at] = y[active] = found["outputs"]
            c[active] = found["cells"]
        return out

    def _run_gru(self, node: Q10Gru, x: Array, lengths: Array, seen: _Seen) -> Array:
        cell = gru_cell_of(node, seen)
        out, h = np.zeros((*x.shape[:2], node.cells), np.int64), np.zeros((len(x), node.cells), np.int64)
        for active, at in steps_of(lengths, x.shape[1], backwards=False):
            out[active, at] = h[active] = cell.step(x[active, at], h[active])["outputs"]
        return out


@dataclass
class _Seen:
    """The largest integers of products, and how many of any integers saturated."""

    largest: dict[str, int] = field(default_factory=dict)
    clipped: int = 0

    def fits(self, product: str) -> bool:
        """Whether no integer of a product came near the limit."""
        return self.largest.get(product, 0) < NEAR * q10.MOST

    def __call__(self, what: str, values: Array) -> None:
        if values.size:
            self.largest[what] = max(self.largest.get(what, 0), int(np.abs(values).max()))
            self.clipped += int(np.count_nonzero((values < q10.LEAST) | (values > q10.MOST)))


def cell_of(node: Q10Recurrent, watch: Callable[[str, Array], None] | None = None) -> Cell:
    """The reference's cell of a node."""
    return Cell(
        weights=np.concatenate([node.input_weights, node.recurrent_weights], axis=2),
        bias=node.bias.astype(np.int64),
        peepholes=None if node.peepholes is None else node.peepholes.astype(np.int64),
        projection=node.projection,
        point=node.point,
        projection_point=node.projection_point,
        inverse=node.inverse,
        projection_inverse=node.projection_inverse,
        paper=node.paper,
        sigmoid=node.sigmoid,
        bound=node.cut,
        watch=watch,
    )


def gru_cell_of(node: Q10Gru, watch: Callable[[str, Array], None] | None = None) -> GruCell:
    """The reference's cell of a GRU node."""
    return GruCell(
        weights=np.concatenate([node.input_weights[:2], node.recurrent_weights], axis=2),
        candidate=np.concatenate([node.input_weights[2], node.candidate_weights], axis=1),
        bias=node.bias.astype(np.int64),
        points=(node.point, node.candidate_point),
        inverse=node.inverse,
        paper=node.paper,
        watch=watch,
    )


def steps_of(lengths: Array, steps: int, *, backwards: bool) -> Iterator[tuple[Array, Array]]:
    """Of each step the sequences that take part, and the place of the step in each."""
    for step in range(min(steps, int(lengths.max()))):
        active = np.flatnonzero(step < lengths)
        yield active, lengths[active] - 1 - step if backwards else np.full(len(active), step)
