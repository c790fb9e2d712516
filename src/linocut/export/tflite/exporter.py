"""export_tflite: an inference graph as a TFLite model for Larq Compute Engine, without TensorFlow.

One example at a time. The model reads `image` (1, *shape) uint8, or float32 where the network takes floats, and gives
`logits` (1, outputs) float32. Every integer is linocut's own; floats behind full-precision products differ by rounding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from linocut.data.form import Form
from linocut.errors import unknown_name
from linocut.export.about import metadata
from linocut.export.ends import IMAGE, LOGITS
from linocut.export.formats import BITS, FLOAT
from linocut.export.tflite.file import file_of
from linocut.export.tflite.model import FLOAT32, TfliteModel
from linocut.export.tflite.nodes import add_nodes
from linocut.export.tflite.products import WeightsForm
from linocut.graph.inference import InferenceGraph
from linocut.ops.bits import Array


def export_tflite(graph: InferenceGraph, path: Path, name: str, weights: str = BITS, form: Form | None = None) -> None:
    """Write an inference graph as the TFLite model `name`; binary weights of bytes and floats are "bits" or "float".

    Those of signs are bits always. SpecError without the packages tflite and flatbuffers, for an unknown form of
    weights, or a layer that the format cannot say exactly; MachineError where the disk will not. Nothing is written
    then.
    """
    model = model_of(graph, name, weights)
    model.write(path, file_of(model, IMAGE, [LOGITS], metadata(graph, form)))


def model_of(graph: InferenceGraph, name: str, weights: str = BITS, *, fused: bool = True) -> TfliteModel:
    """The model before it is a file; unless `fused` every node has a tensor of its own."""
    if weights not in FORMS:
        raise unknown_name("form of weights", weights, FORMS)
    model = TfliteModel(name)
    add_nodes(graph, model, FORMS[weights], fused=fused)
    return model


def _bits(model: TfliteModel, name: str, words: Array, depth: int) -> str:
    """A bit for each sign, unpacked for each image."""
    packed = model.constant(f"{name}.bits", words)
    return model.add_lce("LceDequantize", [packed], name, (*words.shape[:-1], depth), FLOAT32)


def _float(model: TfliteModel, name: str, words: Array, depth: int) -> str:
    """A float for each sign."""
    negative = np.unpackbits(words.view(np.uint8), axis=-1, count=depth, bitorder="little")
    return model.constant(name, np.where(negative, np.float32(-1), np.float32(1)))


FORMS: dict[str, WeightsForm] = {BITS: _bits, FLOAT: _float}
