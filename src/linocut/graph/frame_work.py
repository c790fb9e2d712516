"""What a frame of a recurrent node takes: blocks that are multiplied, transforms of blocks, multiplications."""

from __future__ import annotations

import math
from typing import TypeAlias

from linocut.graph.inference import (
    GRU_CELL,
    CirculantProduct,
    InferenceNode,
    Q10Gru,
    Q10Outputs,
    Q10Recurrent,
    Recurrent,
)
from linocut.layers import circulant

GRU_TRANSFORMS = 5  # of a block of cells: of h, of r h, and back of the two gates and the candidate
GATES = 4  # of an LSTM, each a transform back of a block of cells

OfCells: TypeAlias = "Recurrent | Q10Recurrent | Q10Gru"


def blocks(node: OfCells) -> int:
    """Circulant blocks that are multiplied in a frame."""
    numbers = node.input_weights.size + node.recurrent_weights.size
    more = (getattr(node, part, None) for part in ("candidate_weights", "projection"))
    return (numbers + sum(one.size for one in more if one is not None)) // node.block


def transforms(node: OfCells) -> int:
    """Transforms of blocks in a frame, there and back."""
    into = node.input_weights.shape[0 if isinstance(node, Recurrent) else 2]
    cells, outputs = node.cells // node.block, node.shape[-1] // node.block
    if isinstance(node, Q10Gru) or (isinstance(node, Recurrent) and node.cell == GRU_CELL):
        return into + GRU_TRANSFORMS * cells
    own = into + outputs + GATES * cells
    return own if node.projection is None else own + cells + outputs


def multiplications(node: InferenceNode) -> int:
    """Those of one frame of what hears frames: of spectra and of transforms, of a dense layer all; else none."""
    match node:
        case Recurrent() | Q10Recurrent() | Q10Gru():
            products = blocks(node) * circulant.of_product(node.block)
            return products + circulant.of_transforms(node.block, transforms(node))
        case CirculantProduct():
            into, out, _ = node.weights.shape
            products = into * out * circulant.of_product(node.block)
            rows = math.prod(node.shape[:-2])
            return rows * (products + circulant.of_transforms(node.block, into + out))
        case Q10Outputs():
            return node.weights.size
        case _:
            return 0
