"""onnx: an inference graph as a model of ONNX's own operators, for ONNX Runtime, OpenVINO and others.

Opset 17. The model reads `image` (N, *shape), uint8, or float32 where the network takes floats, and gives `logits`
(N, outputs) float32. Every integer is linocut's own; floats differ by rounding.

sgn is Where(x >= least, 1, -1), as ONNX's Sign is 0 at 0. Binary weights are bytes of eight signs, which a runtime
looks up in a table of 256 rows when it loads the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from linocut.data.form import Form
from linocut.errors import unknown_name
from linocut.export.about import metadata
from linocut.export.ends import IMAGE, LOGITS, tensor_of
from linocut.export.onnx_model import OnnxModel
from linocut.export.onnx_nodes import FLOAT, INT32, Dialect, add_nodes, by_channel
from linocut.graph.inference import InferenceGraph, Quantise, Threshold
from linocut.ops.bits import Array

WeightsForm: TypeAlias = Callable[[OnnxModel, str, Array], str]


def export_onnx(graph: InferenceGraph, path: Path, name: str, weights: str = "table", form: Form | None = None) -> None:
    """Write an inference graph as the ONNX model `name`; binary weights are a "table", "int8" or "float".

    A table takes an eighth of a byte a weight; int8 and float, a byte and four, are for runtimes that do not fold
    constants. SpecError without onnx, for an unknown form of weights, or a layer that ONNX cannot say
    exactly; MachineError where the disk will not. Nothing is written then.
    """
    if weights not in WEIGHTS:
        raise unknown_name("form of weights", weights, WEIGHTS)
    model = OnnxModel(name)
    add_nodes(graph, model, _Plain(WEIGHTS[weights]))
    dtype = "uint8" if graph.input.is_bytes else "float32"
    given = model.described_as(IMAGE, dtype, graph.input.shape)
    found = model.described_as(LOGITS, "float32", graph.logits.shape)
    model.write(path, given, found, metadata(graph, form))


@dataclass(frozen=True)
class _Plain(Dialect):
    """ONNX's own operators."""

    form: WeightsForm

    def threshold(self, model: OnnxModel, node: Threshold, x: str, rank: int) -> None:
        """Integers beyond 2^24 may be rounded here: no sum reaches them, so it makes no difference."""
        least = model.constant(f"{node.name}.least", by_channel(node.least.astype(np.float32), rank))
        reached = model.node("GreaterOrEqual", [x, least], f"{node.name}.reached")
        signs = [model.constant(f"signs/{sign:+}", np.array(sign, np.float32)) for sign in (1, -1)]
        model.node("Where", [reached, *signs], tensor_of(node.name))

    def quantise(self, model: OnnxModel, node: Quantise, x: str, bounds: Array) -> None:
        """2 (boundaries reached) - n."""
        rank, channels = len(node.shape) + 1, bounds.shape[1]
        least = model.constant(f"{node.name}.least", bounds.reshape(1, -1, channels, *[1] * (rank - 2)))
        beside = model.node("Unsqueeze", [x, _whole(model, "levels/axis", 1)], f"{node.name}.beside")
        reached = model.node("GreaterOrEqual", [beside, least], f"{node.name}.reached")
        ones = model.node("Cast", [reached], f"{node.name}.ones", to=FLOAT)
        codes = model.node("ReduceSum", [ones, _whole(model, "levels/axis", 1)], f"{node.name}.codes", keepdims=0)
        two, most = (model.constant(f"levels/{v}", np.array(v, np.float32)) for v in (2, len(bounds)))
        twice = model.node("Mul", [codes, two], f"{node.name}.twice")
        model.node("Sub", [twice, most], tensor_of(node.name))

    def levels(self, model: OnnxModel, name: str, values: Array, bits: int) -> str:
        """A byte each, or a float where floats are asked for."""
        if self.form is _float:
            return model.constant(name, values)
        octets = model.constant(f"{name}.bytes", values.astype(np.int8))
        return model.node("Cast", [octets], name, to=FLOAT)

    def signs(self, model: OnnxModel, name: str, positive: Array) -> str:
        """In the form that was asked for."""
        return self.form(model, name, positive)


def _table(model: OnnxModel, name: str, positive: Array) -> str:
    """Bytes of eight signs, the first in the lowest bit, over all dimensions; the last byte is cut."""
    octets = np.packbits(positive.reshape(-1), bitorder="little")
    rows = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    table = model.constant("signs/table", np.where(rows, np.float32(1), np.float32(-1)))
    packed = model.constant(f"{name}.bytes", octets)
    x = model.node("Cast", [packed], f"{name}.rows", to=INT32)
    x = model.node("Gather", [table, x], f"{name}.octets", axis=0)
    if positive.size % 8:
        x = model.node("Reshape", [x, _whole(model, "signs/flat", -1)], f"{name}.flat")
        ends = [_whole(model, f"{name}.{part}", at) for part, at in (("starts", 0), ("ends", positive.size))]
        x = model.node("Slice", [x, *ends], f"{name}.cut")
    return model.node("Reshape", [x, _whole(model, f"{name}.shape", *positive.shape)], name)


def _int8(model: OnnxModel, name: str, positive: Array) -> str:
    """A byte for each sign."""
    octets = model.constant(f"{name}.bytes", np.where(positive, np.int8(1), np.int8(-1)))
    return model.node("Cast", [octets], name, to=FLOAT)


def _float(model: OnnxModel, name: str, positive: Array) -> str:
    """A float for each sign."""
    return model.constant(name, np.where(positive, np.float32(1), np.float32(-1)))


def _whole(model: OnnxModel, name: str, *values: int) -> str:
    return model.constant(name, np.array(values, np.int64))


WEIGHTS: dict[str, WeightsForm] = {"table": _table, "int8": _int8, "float": _float}
