"""finn: which inference graphs FINN can make hardware of, without a change of any number.

Chains of products of signs, thresholds and max-pools, over vectors or images of bytes. FINN pads with the number 0,
which its bipolar type lacks, so convolutions must not be padded.
"""

from __future__ import annotations

from typing import NoReturn

from linocut.errors import SpecError
from linocut.export.padding import pads
from linocut.graph.inference import (
    INTEGERS,
    MAX,
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
    Q10Node,
    Quantise,
    RealProduct,
    Recurrent,
    SequencePool,
    Slice,
    SpectralPool,
    Threshold,
)

MEND = "export as qonnx without finn, or as onnx"


def check_finn(graph: InferenceGraph) -> None:
    """SpecError, naming the first node that FINN cannot have, why, and the mend."""
    for node in graph.nodes:
        if reason := _reason(graph, node):
            raise SpecError(f"{node.name}: {reason}")


def _reason(graph: InferenceGraph, node: InferenceNode) -> str:
    """Why FINN cannot have a node, and the mend; nothing where it can."""
    match node:
        case InputCoding():
            return _of_input(node)
        case BinaryProduct() | Pool() if _padded(graph, node):
            return f"FINN pads with 0, which is no sign; describe the layer with padding 'valid', or {MEND}"
        case RealProduct() if node.gives == INTEGERS and _padded(graph, node):
            return f"FINN takes convolutions without padding; describe the layer with padding 'valid', or {MEND}"
        case RealProduct():
            return "" if node.gives == INTEGERS else f"FINN takes binary weights, and bytes or signs; {MEND}"
        case Threshold():
            integers = graph.by_name[node.inputs[0]].gives == INTEGERS
            return "" if integers else f"FINN takes thresholds of integers, this is one of floats; {MEND}"
        case Pool():
            return "" if node.function == MAX else f"FINN takes max-pools, this one is {node.function}; {MEND}"
        case Affine():
            last = node.name == graph.logits.inputs[0] and len(graph.readers(node.name)) == 1
            return "" if last else f"FINN takes norms that signs follow, and the last one; {MEND}"
        case PrunedProduct():
            return f"FINN takes weights of -1 and +1, and of these some are 0; {MEND}"
        case ComplexAffine() | ComplexThreshold() | SpectralPool() | Clip() | Coding():
            return f"FINN takes chains of products of signs, no {node.kind}; {MEND}"
        case Add() | Activation() | Concat() | Slice() | CirculantProduct() | Recurrent() | SequencePool() | Q10Node():
            return f"FINN takes chains of products of signs, no {node.kind}; {MEND}"
        case Quantise() | LevelsProduct():
            return f"FINN is given signs here, no levels of several bits; {MEND}"
        case BinaryProduct() | Flatten() | Logits():
            return ""
    _refuse(node)


def _of_input(node: InputCoding) -> str:
    if not node.is_bytes:
        return f"FINN takes bytes, this network {node.dtype}; train it on u8 examples, or {MEND}"
    if len(node.shape) not in (1, 3):
        return f"FINN takes vectors or images, not examples of shape {node.shape}; {MEND}"
    return ""


def _padded(graph: InferenceGraph, node: BinaryProduct | RealProduct | Pool) -> bool:
    """Whether a window goes beyond the image."""
    image = graph.by_name[node.inputs[0]].shape[:-1]
    return node.window is not None and any(pads(node.window, image, node.shape[:-1]))


def _refuse(node: NoReturn) -> NoReturn:
    """SpecError for a kind of node that is not known here; no node that mypy knows of comes here."""
    raise SpecError(f"{node.name}: FINN has no form for a {node.kind}; replace the layer")
