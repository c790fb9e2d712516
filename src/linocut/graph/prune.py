"""Pruning by structure: which weights of a layer are 0, by the size of groups of them.

A group's score is the sum of the magnitudes of its latent weights; of complex weights both parts belong to a group.
Each layer keeps the best of its groups, one in `rate`, of equal ones the first. The first and the last layer with
weights keep all of theirs.

    kernel   an input of an output, all taps       column  an input of a tap, of all outputs
    block    4 outputs x 4 inputs of a tap         word    4 outputs x 64 inputs of a tap, as kernels multiply them
    channel  an output and its use as an input: a smaller network, made by graph/narrow.py
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from linocut import fields
from linocut.errors import SpecError, unknown_name
from linocut.graph.graph import Graph, Node
from linocut.graph.queries import BINARY
from linocut.layers import BinaryComplexConvolution, BinaryComplexDense
from linocut.layers.kinds import BITS
from linocut.layers.parameters import WEIGHT
from linocut.layers.weights import PART
from linocut.ops.bits import Array
from linocut.ops.keep_words import kept_words, places

KERNEL, CHANNEL, COLUMN, BLOCK, WORD = KINDS = ("kernel", "channel", "column", "block", "word")
MASKS = (KERNEL, COLUMN, BLOCK, WORD)  # kinds that are masks of the same network
BALANCED = (KERNEL, BLOCK, WORD)
OUTPUTS_OF_GROUP = 4
INPUTS_OF_GROUP = {BLOCK: 4, WORD: 64}
MOST_RATE = 10_000.0
MOST_RAMP = 100_000


@dataclass(frozen=True)
class Pruning:
    """A network of which each pruned layer keeps one group in `rate`, of the kind `by`.

    `balanced`: each output, or four of them, keeps as many groups as the others. Over the first `ramp` epochs the share
    that is pruned climbs as 1 - (1 - t)^3, masks being found anew as each begins; from then on they stay. SpecError
    for what cannot be.
    """

    rate: float
    by: str
    balanced: bool = False
    ramp: int = 0

    def __post_init__(self) -> None:
        """SpecError for what cannot be."""
        if self.by not in KINDS:
            raise unknown_name("kind of pruning", str(self.by), KINDS)
        rate = fields.number(self.rate, "rate")
        if not 1.0 < rate <= MOST_RATE:
            raise SpecError(
                f"rate is {rate:g}, must be above 1, up to {MOST_RATE:,.0f}: how many times fewer weights are kept"
            )
        object.__setattr__(self, "rate", float(rate))
        fields.flag(self.balanced, "balanced")
        if not fields.whole(self.ramp, "ramp") <= MOST_RAMP:
            raise SpecError(f"ramp is {self.ramp:,} epochs, must be {MOST_RAMP:,} or fewer")
        if self.balanced and self.by not in BALANCED:
            raise SpecError(
                f"balanced is of {', '.join(BALANCED)}, not of {self.by}, of which outputs keep the same anyway; leave "
                "it out"
            )

    def __str__(self) -> str:
        """In words, as in `20 times by word`."""
        climbing = f", over {self.ramp} epochs" if self.ramp else ""
        return f"{self.rate:g} times by {self.by}{', balanced' if self.balanced else ''}{climbing}"

    def to_dict(self) -> dict[str, Any]:
        """All of it, for a file."""
        return {"rate": self.rate, "by": self.by, "balanced": self.balanced, "ramp": self.ramp}

    @staticmethod
    def from_dict(data: object) -> Pruning:
        """What `to_dict` wrote; SpecError for anything else."""
        given = fields.mapping(data, "pruning")
        fields.described(given, Pruning, "pruning")
        return Pruning(given["rate"], fields.text(given["by"], "by"), given["balanced"], given["ramp"])

    @property
    def joined(self) -> bool:
        """Whether lanes that are kept are joined to words: of columns, which all outputs keep alike."""
        return self.by == COLUMN

    def layers(self, graph: Graph) -> dict[str, bool]:
        """The nodes that are masked, and whether what they keep is joined; SpecError where there is none."""
        if self.by not in MASKS:
            raise SpecError(f"pruning by {self.by} makes a smaller network, and masks none; use lc.prune")
        return dict.fromkeys((node.name for node in prunable(graph)), self.joined)

    def at(self, epoch: int) -> float | None:
        """The rate as an epoch, from 0, begins; None where masks stay as they are."""
        if epoch > self.ramp:
            return None
        t = epoch / self.ramp if self.ramp else 1.0
        return 1.0 / (1.0 - (1.0 - 1.0 / self.rate) * (1.0 - (1.0 - t) ** 3))


@dataclass(frozen=True)
class Kept:
    """What a layer keeps: of its weights, complex ones counted once, and of the words of its outputs."""

    name: str
    weights: int
    of_weights: int
    words: int
    of_words: int

    @staticmethod
    def between(whole: Node, smaller: Node) -> Kept:
        """What a layer keeps that is whole in a smaller network."""
        every, left = (kept_of(node, np.zeros(node.parameter(PART).shape, bool)) for node in (whole, smaller))
        return Kept(whole.name, left.weights, every.weights, left.words, every.words)


def prunable(graph: Graph) -> tuple[Node, ...]:
    """The layers with binary weights that read signs, but for the last with weights; SpecError where there is none."""
    weighted = [node for node in graph.nodes if any(parameter.use == WEIGHT for parameter in node.parameters)]
    found = tuple(
        node for node in weighted[1:-1] if isinstance(node.layer, BINARY) and all(e.kind == BITS for e in node.inputs)
    )
    if not found:
        raise SpecError(
            f"{graph.name} has no layer that can be pruned: one of binary weights that reads signs, neither the first "
            "nor the last with weights; use a deeper binary network"
        )
    return found


def parts_of(node: Node) -> int:
    """2 of complex weights, whose inputs are real parts and imaginary ones, else 1."""
    return 2 if isinstance(node.layer, (BinaryComplexConvolution, BinaryComplexDense)) else 1


def check(graph: Graph, pruning: Pruning) -> None:
    """SpecError for a rate that leaves a layer nothing."""
    for node in prunable(graph):
        shape = _as_images(node.parameter(PART).shape, parts_of(node))
        groups = _grouped(shape, pruning.by) if pruning.by != CHANNEL else (shape[0],)
        outputs, count = groups[0], math.prod(groups)
        per = count // outputs if pruning.balanced else count
        rate = math.sqrt(pruning.rate) if pruning.by == CHANNEL else pruning.rate
        if round(per / rate) < 1:
            what = f"{pruning.by}s{' of each output' if pruning.balanced else ''}"
            raise SpecError(
                f"rate {pruning.rate:g} leaves nothing of {node.name}, which has {per:,} {what}; take a rate below "
                f"{2 * per if pruning.by != CHANNEL else 4 * per * per:,}, smaller groups, or wider layers"
            )


def groups_of(node: Node, by: str) -> int:
    """How many groups of a kind the weights of a layer are; of channels its outputs."""
    shape = _as_images(node.parameter(PART).shape, parts_of(node))
    return shape[0] if by == CHANNEL else math.prod(_grouped(shape, by))


def mask(weights: Array, parts: int, by: str, rate: float, *, balanced: bool = False) -> Array:
    """Which of the weights (outputs, [rows, columns,] inputs) are pruned, booleans of their shape.

    Inputs are `parts` equal parts, which are pruned alike. At least one group is kept.
    """
    shape = _as_images(weights.shape, parts)
    sizes = np.abs(weights.astype(np.float64)).reshape(*shape[:-1], parts, shape[-1]).sum(axis=-2)
    groups = _grouped(shape, by)
    scores = _scores(sizes, groups, by)
    per_row = scores.reshape(len(scores), -1) if balanced else scores.reshape(1, -1)
    keep = max(1, round(per_row.shape[1] / rate))
    best = np.argsort(-per_row, axis=1, kind="stable")[:, :keep]
    kept = np.zeros(per_row.shape, bool)
    np.put_along_axis(kept, best, True, axis=1)
    spread = _spread(kept.reshape(groups), shape, by)
    return np.concatenate([~spread] * parts, axis=-1).reshape(weights.shape)


def kept_of(node: Node, pruned: Array) -> Kept:
    """What a layer keeps of which so much is `pruned`, booleans of its weights' shape."""
    parts = parts_of(node)
    kept = ~pruned.reshape(len(pruned), *((1, 1) if pruned.ndim == 2 else ()), *pruned.shape[1:])
    return Kept(
        node.name,
        int(kept.sum()) // parts,
        kept.size // parts,
        len(kept_words(kept, kept, parts, packed=False)[1]),
        len(kept) * places(kept.shape, parts, packed=False),
    )


def kept_joined(node: Node, pruned: Array) -> Kept:
    """The same where the lanes that are kept are joined to words."""
    parts, own = parts_of(node), kept_of(node, pruned)
    kept = ~pruned.reshape(len(pruned), *((1, 1) if pruned.ndim == 2 else ()), *pruned.shape[1:])
    words = len(kept_words(kept, kept, parts, packed=True)[1])
    return Kept(own.name, own.weights, own.of_weights, words, own.of_words)


def all_kept(graph: Graph, pruned: Mapping[str, Array], *, joined: bool) -> tuple[Kept, ...]:
    """What each layer keeps, by what is pruned of it."""
    count = kept_joined if joined else kept_of
    return tuple(count(graph.node(name), found) for name, found in pruned.items())


def _as_images(shape: tuple[int, ...], parts: int) -> tuple[int, int, int, int]:
    """(outputs, rows, columns, inputs), complex ones counted once."""
    outputs, *window, inputs = shape
    rows, columns = window or (1, 1)
    return outputs, rows, columns, inputs // parts


def _grouped(shape: tuple[int, int, int, int], by: str) -> tuple[int, ...]:
    """How many groups there are, the first along outputs."""
    outputs, rows, columns, inputs = shape
    if by == KERNEL:
        return outputs, inputs
    if by == COLUMN:
        return 1, rows, columns, inputs
    return -(-outputs // OUTPUTS_OF_GROUP), rows, columns, -(-inputs // INPUTS_OF_GROUP[by])


def _scores(sizes: Array, groups: tuple[int, ...], by: str) -> Array:
    if by == KERNEL:
        return sizes.sum(axis=(1, 2))
    if by == COLUMN:
        return sizes.sum(axis=0, keepdims=True)
    inputs = INPUTS_OF_GROUP[by]
    some = -len(sizes) % OUTPUTS_OF_GROUP, -sizes.shape[-1] % inputs
    whole = np.pad(sizes, ((0, some[0]), (0, 0), (0, 0), (0, some[1])))
    return whole.reshape(groups[0], OUTPUTS_OF_GROUP, *groups[1:3], groups[3], inputs).sum(axis=(1, 5))


def _spread(kept: Array, shape: tuple[int, int, int, int], by: str) -> Array:
    """What is kept of weights, by what is kept of groups."""
    if by == KERNEL:
        kept = kept[:, None, None, :]
    elif by != COLUMN:
        kept = np.repeat(np.repeat(kept, OUTPUTS_OF_GROUP, axis=0), INPUTS_OF_GROUP[by], axis=3)
        kept = kept[: shape[0], :, :, : shape[3]]
    return np.broadcast_to(kept, shape)
