"""The inference graph: what prediction needs of a trained network, and nothing more.

A closed set of node kinds. What reads it matches them all; a new kind is meant to break each reader (`assert_never`).
Values have the names of the nodes of the network that give the same: `sign2` here is `sign2` there. A threshold that a
pool follows has the name of its norm, as no node of the network gives these signs.

    between nodes flow   bytes (u8), floats, signs, levels of 2 or 4 bits in so many planes (ops/levels.py), and
                         integers: exact sums, of signs, of levels, or of (2u - 255) over bytes u
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeAlias, get_args

from linocut.errors import unknown_name
from linocut.layers.base import Shape
from linocut.layers.window import Window
from linocut.ops.bits import Array, unpack
from linocut.ops.keep_words import ternary

BYTES, FLOATS, SIGNS, INTEGERS = "bytes", "floats", "signs", "integers"
LEVELS_2, LEVELS_4 = "levels of 2 bits", "levels of 4 bits"
PLANES = {SIGNS: 1, LEVELS_2: 2, LEVELS_4: 4}  # of each kind of value that is packed in bits
LEVELS = {planes: kind for kind, planes in PLANES.items()}
SHORTS = "shorts"  # of Q5.10
MAX, AVERAGE, SUM = "max", "average", "sum"
MEAN, LAST = "mean", "last"
FACTOR_BITS = 26  # of a complex threshold's factors: those that a multiplier of 27 x 18 bits takes
LSTM_CELL, GRU_CELL = "lstm", "gru"
RELU, TANH, SIGMOID = "relu", "tanh", "sigmoid"


@dataclass(frozen=True, eq=False)
class _Node:
    """A node: its name, the names of what it reads, the shape of one example of what it gives, and what that is.

    `tensors` are those of its fields that are arrays, or None.
    """

    kind: ClassVar[str]
    tensors: ClassVar[tuple[str, ...]] = ()
    name: str
    inputs: tuple[str, ...]
    shape: Shape
    gives: str

    def arrays(self) -> dict[str, Array]:
        """The tensors that there are, by field."""
        found = {part: getattr(self, part) for part in self.tensors}
        return {part: array for part, array in found.items() if array is not None}


@dataclass(frozen=True, eq=False)
class InputCoding(_Node):
    """What an example is: bytes u, which count 2u - 255, or floats in [low, high]; `coded` floats become bytes."""

    kind: ClassVar[str] = "input_coding"
    dtype: str
    low: float
    high: float
    coded: bool

    @property
    def is_bytes(self) -> bool:
        """Whether the values of an example are bytes, 0 to 255, else floats."""
        return self.dtype == "u8"


@dataclass(frozen=True, eq=False)
class SequenceCoding(InputCoding):
    """What an example is: a sequence (steps, features) of floats that ends with its last step that is not all zeros."""

    kind: ClassVar[str] = "sequence_coding"


@dataclass(frozen=True, eq=False)
class BinaryProduct(_Node):
    """Signs times signs: `weights` packed (outputs, words) or (outputs, rows, columns, words), of `depth` inputs each.

    With a `window` a convolution, whose padding adds 0.
    """

    kind: ClassVar[str] = "binary_product"
    tensors: ClassVar[tuple[str, ...]] = ("weights",)
    depth: int
    window: Window | None
    weights: Array


@dataclass(frozen=True, eq=False)
class PrunedProduct(_Node):
    """Signs times weights -1, 0 and +1, of `depth` inputs each, as lists of the words that keep something.

    ops/keep_words.py says what `ends`, `places`, `signs`, `lanes` and `kept` are, of `words` words, and what `parts`
    and `joined` mean. With a `window` a convolution, whose padding adds 0.
    """

    kind: ClassVar[str] = "pruned_product"
    tensors: ClassVar[tuple[str, ...]] = ("ends", "places", "signs", "lanes", "kept")
    depth: int
    window: Window | None
    parts: int
    joined: bool
    words: int
    ends: Array
    places: Array
    signs: Array
    lanes: Array
    kept: Array

    def ternary(self) -> Array:
        """Its weights -1, 0 and +1, int64 (outputs, rows, columns, inputs)."""
        kept = unpack(self.kept, self.depth)
        return ternary(self.ends, self.places, self.signs, self.lanes, kept, self.parts, self.joined)


@dataclass(frozen=True, eq=False)
class LevelsProduct(_Node):
    """Levels, or signs, times levels of `bits` bits, 1, 2 or 4, counted in odd integers: it gives their exact sums.

    `weights` are planes, the most significant first: packed (bits, outputs, words) or (bits, outputs, rows, columns,
    words), of `depth` inputs each. With a `window` a convolution, whose padding adds 0.
    """

    kind: ClassVar[str] = "levels_product"
    tensors: ClassVar[tuple[str, ...]] = ("weights",)
    depth: int
    window: Window | None
    bits: int
    weights: Array


@dataclass(frozen=True, eq=False)
class RealProduct(_Node):
    """Bytes or floats times `weights`: float32 (outputs, [rows, columns,] inputs), or if `binary` packed signs.

    `bias` float32 (outputs,) or None is added. Of bytes and signs it gives integers, else floats: a byte then is
    (2u - 255) / 255.
    """

    kind: ClassVar[str] = "real_product"
    tensors: ClassVar[tuple[str, ...]] = ("weights", "bias")
    depth: int
    window: Window | None
    binary: bool
    weights: Array
    bias: Array | None = None


@dataclass(frozen=True, eq=False)
class Threshold(_Node):
    """+1 where x >= `least` of its channel, else -1: int32 (channels,) of integers, float32 of floats."""

    kind: ClassVar[str] = "threshold"
    tensors: ClassVar[tuple[str, ...]] = ("least",)
    least: Array


@dataclass(frozen=True, eq=False)
class ComplexThreshold(_Node):
    """Signs of sums of complex channels, the real parts first: a norm with a complex factor and a sign, in integers.

    Of `factors` int32 (4, channels / 2) [a, b, c, d] and `shift` int64 (channels,) [s, t], real parts are +1 where a re
    + b im + s >= 0, imaginary ones where c re + d im + t >= 0. A factor has FACTOR_BITS bits, its sign among them.
    """

    kind: ClassVar[str] = "complex_threshold"
    tensors: ClassVar[tuple[str, ...]] = ("factors", "shift")
    factors: Array
    shift: Array


@dataclass(frozen=True, eq=False)
class Quantise(_Node):
    """Levels of `bits` bits, 2 or 4: the code of x is how many of the 2**bits - 1 boundaries of its channel it reaches.

    Of integers the boundaries are `least`, int32 (boundaries, channels), rising; of floats those of q_k on [-1, 1]
    (float_boundaries in ops/levels.py), and `least` is None.
    """

    kind: ClassVar[str] = "quantise"
    tensors: ClassVar[tuple[str, ...]] = ("least",)
    bits: int
    least: Array | None = None


@dataclass(frozen=True, eq=False)
class Affine(_Node):
    """A batch norm in prediction, (x - mean) / deviation [* gain] + shift by channel; all float32 (channels,).

    The deviation is what the policy's norm divides by (layers/batch_norm.py); where it is 0, x is the shift alone.
    """

    kind: ClassVar[str] = "affine"
    tensors: ClassVar[tuple[str, ...]] = ("mean", "deviation", "shift", "gain")
    mean: Array
    deviation: Array
    shift: Array
    gain: Array | None = None


@dataclass(frozen=True, eq=False)
class ComplexAffine(_Node):
    """A norm of complex channels, the real parts first: z = (x - mean) / deviation, then a matrix of each channel.

    `gains` (G, channels / 2) are those of ops/complex_map.py, G being `matrix`; `mean`, `deviation` and `shift` are
    (channels,), all float32. Without a shift none is added.
    """

    kind: ClassVar[str] = "complex_affine"
    tensors: ClassVar[tuple[str, ...]] = ("mean", "deviation", "gains", "shift")
    matrix: int
    mean: Array
    deviation: Array
    gains: Array
    shift: Array | None = None


@dataclass(frozen=True, eq=False)
class SpectralPool(_Node):
    """The low frequencies of complex channels: `rows` x `columns`^T, float32 (2, side left, side), real parts first."""

    kind: ClassVar[str] = "spectral_pool"
    tensors: ClassVar[tuple[str, ...]] = ("rows", "columns")
    rows: Array
    columns: Array


@dataclass(frozen=True, eq=False)
class Clip(_Node):
    """Each value within [-limit, limit]."""

    kind: ClassVar[str] = "clip"
    limit: float


@dataclass(frozen=True, eq=False)
class Coding(_Node):
    """Floats within [-limit, limit] as bytes u, which count 2u - 255."""

    kind: ClassVar[str] = "coding"
    limit: float


@dataclass(frozen=True, eq=False)
class Pool(_Node):
    """The largest (MAX), the mean (AVERAGE) or the sum (SUM, of integers too) of each window.

    Padding is neither the largest nor counted; sums have none.
    """

    kind: ClassVar[str] = "pool"
    function: str
    window: Window


@dataclass(frozen=True, eq=False)
class Add(_Node):
    """The sum of several values, in floats, one after the other."""

    kind: ClassVar[str] = "add"


@dataclass(frozen=True, eq=False)
class Activation(_Node):
    """RELU, TANH or SIGMOID of each value."""

    kind: ClassVar[str] = "activation"
    function: str


@dataclass(frozen=True, eq=False)
class Flatten(_Node):
    """The same elements in one dimension, the last first to change."""

    kind: ClassVar[str] = "flatten"


@dataclass(frozen=True, eq=False)
class Concat(_Node):
    """The channels of several values one after the other."""

    kind: ClassVar[str] = "concat"


@dataclass(frozen=True, eq=False)
class Slice(_Node):
    """The channels from `begin` on, as many as `shape` has."""

    kind: ClassVar[str] = "slice"
    begin: int


@dataclass(frozen=True, eq=False)
class CirculantProduct(_Node):
    """Floats (inputs,) or (steps, inputs) times a matrix of circulant blocks, plus a bias (outputs,) or None.

    `weights` are float32 (input blocks, output blocks, `block`): see layers/circulant.py.
    """

    kind: ClassVar[str] = "circulant_product"
    tensors: ClassVar[tuple[str, ...]] = ("weights", "bias")
    block: int
    weights: Array
    bias: Array | None = None


@dataclass(frozen=True, eq=False)
class Recurrent(_Node):
    """One direction of a recurrent layer, of LSTM_CELL or GRU_CELL cells: (steps, inputs) to (steps, outputs).

    There are `cells`; matrices are float32 in circulant blocks of `block`, as layers/lstm.py and layers/gru.py call
    them, `bias` (gates,). With `sigmoid` that is the function of candidates; cells stay within `bound` (0: none);
    `backwards` goes from the end of a sequence to its first step.
    """

    kind: ClassVar[str] = "recurrent"
    tensors: ClassVar[tuple[str, ...]] = (
        "input_weights",
        "recurrent_weights",
        "bias",
        "peepholes",
        "projection",
        "candidate_weights",
    )
    cell: str
    cells: int
    block: int
    sigmoid: bool
    bound: float
    backwards: bool
    input_weights: Array
    recurrent_weights: Array
    bias: Array
    peepholes: Array | None = None
    projection: Array | None = None
    candidate_weights: Array | None = None


@dataclass(frozen=True, eq=False)
class SequencePool(_Node):
    """The MEAN of a sequence's steps, or the LAST of them, up to its end: (steps, features) to (features,)."""

    kind: ClassVar[str] = "sequence_pool"
    function: str


@dataclass(frozen=True, eq=False)
class Q10Node(_Node):
    """A node of the 16-bit form, whose integers are Q5.10: 1,024 is 1 (graph/q10.py, ops/q10_lstm.py)."""


@dataclass(frozen=True, eq=False)
class Q10Coding(Q10Node):
    """Floats as the nearest integers of Q5.10, saturated."""

    kind: ClassVar[str] = "q10_coding"


@dataclass(frozen=True, eq=False)
class Q10Recurrent(Q10Node):
    """One direction of an LSTM layer in Q5.10: (steps, inputs) to (steps, outputs).

    Matrices are packed spectra int16: `input_weights` (4, cell blocks, input blocks, `block`), `recurrent_weights` (4,
    cell blocks, output blocks, block) in units of 2^-point, `projection` (output blocks, cell blocks, block) in units
    of 2^-projection_point. `bias` (4, cells), 1 of the forget gate within it, `peepholes` (3, cells). `inverse`: all
    halvings are those of the inverse transforms; `paper`: functions are the published chords; `cut` bounds cells (0:
    none).
    """

    kind: ClassVar[str] = "q10_recurrent"
    tensors: ClassVar[tuple[str, ...]] = ("input_weights", "recurrent_weights", "bias", "peepholes", "projection")
    cells: int
    block: int
    point: int
    projection_point: int
    inverse: bool
    projection_inverse: bool
    paper: bool
    sigmoid: bool
    cut: int
    backwards: bool
    input_weights: Array
    recurrent_weights: Array
    bias: Array
    peepholes: Array | None = None
    projection: Array | None = None


@dataclass(frozen=True, eq=False)
class Q10Gru(Q10Node):
    """A GRU layer in Q5.10: (steps, inputs) to (steps, cells).

    Matrices are packed spectra int16: `input_weights` (3, cell blocks, input blocks, `block`) of r, u and the
    candidate, `recurrent_weights` (2, cell blocks, cell blocks, block) of r and u, `candidate_weights` (cell blocks,
    cell blocks, block); those of r and u in units of 2^-point, of the candidate of 2^-candidate_point. `bias` (3,
    cells). `inverse` and `paper` are as a Q10Recurrent has them.
    """

    kind: ClassVar[str] = "q10_gru"
    tensors: ClassVar[tuple[str, ...]] = ("input_weights", "recurrent_weights", "candidate_weights", "bias")
    cells: int
    block: int
    point: int
    candidate_point: int
    inverse: bool
    paper: bool
    input_weights: Array
    recurrent_weights: Array
    candidate_weights: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class Q10Last(Q10Node):
    """The last step of a sequence: (steps, features) to (features,)."""

    kind: ClassVar[str] = "q10_last"


@dataclass(frozen=True, eq=False)
class Q10Add(Q10Node):
    """The saturated sum of two directions."""

    kind: ClassVar[str] = "q10_add"


@dataclass(frozen=True, eq=False)
class Q10Outputs(Q10Node):
    """A dense layer: of the `mean` of a sequence's steps, of each step, or of a vector; multiples of 1/1,024 in floats.

    `weights` int16 (outputs, inputs) in units of 2^-point, `bias` int16 (outputs,).
    """

    kind: ClassVar[str] = "q10_outputs"
    tensors: ClassVar[tuple[str, ...]] = ("weights", "bias")
    mean: bool
    point: int
    weights: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class Logits(_Node):
    """The network's outputs, floats; `function` (softmax, sigmoid, identity or paths) makes predictions of them."""

    kind: ClassVar[str] = "logits"
    function: str


InferenceNode: TypeAlias = (
    InputCoding
    | SequenceCoding
    | BinaryProduct
    | PrunedProduct
    | LevelsProduct
    | RealProduct
    | Threshold
    | ComplexThreshold
    | Quantise
    | Affine
    | ComplexAffine
    | SpectralPool
    | Clip
    | Coding
    | Pool
    | Add
    | Activation
    | Flatten
    | Concat
    | Slice
    | CirculantProduct
    | Recurrent
    | SequencePool
    | Q10Coding
    | Q10Recurrent
    | Q10Gru
    | Q10Last
    | Q10Add
    | Q10Outputs
    | Logits
)
KINDS: dict[str, type[InferenceNode]] = {node.kind: node for node in get_args(InferenceNode)}


@dataclass(frozen=True)
class InferenceGraph:
    """What prediction needs of a network: nodes in the order in which they are computed, from an InputCoding to Logits.

    `classes` is how many classes are told apart, 0 for none. Shapes are of one example, the channels last.
    """

    name: str
    nodes: tuple[InferenceNode, ...]
    classes: int

    @cached_property
    def by_name(self) -> dict[str, InferenceNode]:
        """Nodes by their names."""
        return {node.name: node for node in self.nodes}

    @property
    def input(self) -> InputCoding:
        """The first node."""
        first = self.nodes[0]
        assert isinstance(first, InputCoding)
        return first

    @property
    def logits(self) -> Logits:
        """The last node."""
        last = self.nodes[-1]
        assert isinstance(last, Logits)
        return last

    @property
    def outputs(self) -> int:
        """How many outputs it gives for an example, or for each step of a sequence."""
        return self.logits.shape[-1]

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(array.nbytes for _, _, array in self.tensors())

    def tensors(self) -> Iterator[tuple[str, str, Array]]:
        """Node, part and array of each tensor, in order, such as norm1, "least" and int32 (channels,)."""
        for node in self.nodes:
            for part, array in node.arrays().items():
                yield node.name, part, array

    def node(self, name: str) -> InferenceNode:
        """The node called `name`; SpecError, with the nearest name, where there is none."""
        if name not in self.by_name:
            raise unknown_name(f"layer of {self.name}", name, self.by_name)
        return self.by_name[name]

    def readers(self, name: str) -> list[InferenceNode]:
        """The nodes that read what a node gives."""
        return [node for node in self.nodes for source in node.inputs if source == name]
