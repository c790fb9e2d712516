"""costs: what each node of an inference graph takes, and the checksum of the graph, for all formats."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from linocut.digest import sha256
from linocut.export.packed import described
from linocut.formats import WORD_BITS
from linocut.graph.frame_work import multiplications
from linocut.graph.inference import (
    BinaryProduct,
    InferenceGraph,
    InferenceNode,
    LevelsProduct,
    PrunedProduct,
    RealProduct,
)
from linocut.ops.bits import unpack

WORD_BYTES = 4


@dataclass(frozen=True)
class Cost:
    """A node: multiply-accumulates of one example, padding counted; its constants in 32-bit words and in bytes.

    Of a node that hears sequences frame by frame they are the multiplications of one frame.
    """

    name: str
    kind: str
    macs: int
    words: int
    bytes: int


def costs(graph: InferenceGraph) -> tuple[Cost, ...]:
    """The cost of every node, in order. Signs count as they are packed here, in words of 64 bits."""
    return tuple(_cost(node) for node in graph.nodes)


def _cost(node: InferenceNode) -> Cost:
    nbytes = sum(array.nbytes for array in node.arrays().values())
    macs = multiplications(node)
    if isinstance(node, (BinaryProduct, LevelsProduct, RealProduct)):
        taps = 1 if node.window is None else math.prod(node.window.size)
        macs = math.prod(node.shape) * taps * node.depth
    if isinstance(node, PrunedProduct):
        macs = math.prod(node.shape[:-1]) * int(unpack(node.lanes[:, None], WORD_BITS).sum())
    return Cost(node.name, node.kind, macs, nbytes // WORD_BYTES, nbytes)


def checksum(graph: InferenceGraph) -> str:
    """The SHA-256 of a graph: of the description of its nodes, and of its tensors, little-endian, in order."""
    digest = sha256()
    about: dict[str, Any] = {"classes": graph.classes, "nodes": [described(node) for node in graph.nodes]}
    digest.update(memoryview(json.dumps(about, sort_keys=True).encode()))
    for _, _, array in graph.tensors():
        digest.update(memoryview(array.astype(array.dtype.newbyteorder("<")).tobytes()))
    return digest.hexdigest()
