"""qonnx: an inference graph as a QONNX model: signs and weights are what BipolarQuant gives, or as FINN reads them.

Opset 17 and QONNX's own domain; one example at a time, as its tools want fixed shapes. sgn is BipolarQuant(x - least),
which is +1 from 0 on, or for FINN MultiThreshold(x, least), which counts thresholds that are reached. Source: the
operators' documents in github.com/fastmachinelearning/qonnx.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from linocut.data.form import Form
from linocut.export.about import metadata
from linocut.export.ends import IMAGE, LOGITS, tensor_of
from linocut.export.finn import check_finn
from linocut.export.formats import FLOAT
from linocut.export.onnx_model import OnnxModel
from linocut.export.onnx_nodes import Dialect, add_nodes, by_channel, channels_first
from linocut.graph.inference import InferenceGraph, Quantise, Threshold
from linocut.ops.bits import Array

DOMAIN, VERSION = "qonnx.custom_op.general", 1
BIPOLAR, UINT8 = "BIPOLAR", "UINT8"  # names of QONNX's data types
LAYOUTS = {2: "NC", 3: "NCW", 4: "NCHW"}


def export_qonnx(graph: InferenceGraph, path: Path, name: str, weights: str = FLOAT, form: Form | None = None) -> None:
    """Write an inference graph as the QONNX model `name`; its weights are floats.

    It reads `image` (1, *shape) uint8, or float32 where the network takes floats, and gives `logits` (1, outputs)
    float32. SpecError without onnx, or for a layer that the format cannot say exactly; MachineError where the disk will
    not. Nothing is written then.
    """
    _write(graph, path, name, form, finn=False)


def export_finn(graph: InferenceGraph, path: Path, name: str, weights: str = FLOAT, form: Form | None = None) -> None:
    """The same in the form that FINN reads: `image` is (1, channels, height, width) float32 that hold bytes."""
    check_finn(graph)
    _write(graph, path, name, form, finn=True)


def _write(graph: InferenceGraph, path: Path, name: str, form: Form | None, *, finn: bool) -> None:
    model = OnnxModel(name, {DOMAIN: VERSION}, batch=1)
    add_nodes(graph, model, _Finn() if finn else _Quantised())
    shape, dtype = graph.input.shape, "uint8" if graph.input.is_bytes else "float32"
    if finn:
        shape, dtype = channels_first(shape), "float32"
        model.datatypes[IMAGE] = UINT8
    given = model.described_as(IMAGE, dtype, shape)
    model.write(path, given, model.described_as(LOGITS, "float32", graph.logits.shape), metadata(graph, form))


class _Quantised(Dialect):
    """BipolarQuant, of activations and of float weights."""

    def threshold(self, model: OnnxModel, node: Threshold, x: str, rank: int) -> None:
        """A difference of two floats is 0 only where they are equal, so it has the sign that is asked for."""
        least = model.constant(f"{node.name}.least", by_channel(node.least.astype(np.float32), rank))
        above = model.node("Sub", [x, least], f"{node.name}.above")
        self._quantised(model, above, tensor_of(node.name))

    def quantise(self, model: OnnxModel, node: Quantise, x: str, bounds: Array) -> None:
        """2 (boundaries reached) - n, of n boundaries a channel."""
        _count_thresholds(model, node, x, bounds)

    def levels(self, model: OnnxModel, name: str, values: Array, bits: int) -> str:
        """Floats, and Quant, which says what they are: integers of a bit more, from -n to n."""
        given = model.constant(f"{name}.values", values)
        model.described.append(model.sized(name, "float32", values.shape))
        parts = {"scale": 1.0, "zero_point": 0.0, "bits": bits + 1.0}
        how = [model.constant(f"levels/{part}/{value:g}", np.array(value, np.float32)) for part, value in parts.items()]
        return model.node("Quant", [given, *how], name, DOMAIN, signed=1, narrow=1, rounding_mode="ROUND")

    def signs(self, model: OnnxModel, name: str, positive: Array) -> str:
        """Floats, and the operator that says what they are."""
        values = model.constant(f"{name}.values", _floats(positive))
        model.described.append(model.sized(name, "float32", positive.shape))
        return self._quantised(model, values, name)

    def _quantised(self, model: OnnxModel, x: str, output: str) -> str:
        one = model.constant("signs/+1", np.array(1, np.float32))
        return model.node("BipolarQuant", [x, one], output, DOMAIN)


class _Finn(Dialect):
    """MultiThreshold, and float weights whose data type is said beside them."""

    bare: ClassVar[bool] = True

    def threshold(self, model: OnnxModel, node: Threshold, x: str, rank: int) -> None:
        """2 (thresholds reached) - 1, of one threshold a channel."""
        least = model.constant(f"{node.name}.least", node.least.astype(np.float32)[:, None])
        form = {"out_dtype": BIPOLAR, "out_scale": 2.0, "out_bias": -1.0, "data_layout": LAYOUTS[rank]}
        output = model.node("MultiThreshold", [x, least], tensor_of(node.name), DOMAIN, **form)
        model.datatypes[output] = BIPOLAR

    def quantise(self, model: OnnxModel, node: Quantise, x: str, bounds: Array) -> None:
        """The same as QONNX's; graphs that have it are refused before."""
        _count_thresholds(model, node, x, bounds)

    def levels(self, model: OnnxModel, name: str, values: Array, bits: int) -> str:
        """Floats that are whole; graphs that have them are refused before."""
        return model.constant(name, values)

    def signs(self, model: OnnxModel, name: str, positive: Array) -> str:
        """Floats that are -1 and +1."""
        model.datatypes[name] = BIPOLAR
        return model.constant(name, _floats(positive))


def _count_thresholds(model: OnnxModel, node: Quantise, x: str, bounds: Array) -> None:
    least = model.constant(f"{node.name}.least", np.ascontiguousarray(bounds.T))
    most = float(len(bounds))
    form = {"out_dtype": f"INT{node.bits + 1}", "out_scale": 2.0, "out_bias": -most}
    layout = LAYOUTS[len(node.shape) + 1]
    model.node("MultiThreshold", [x, least], tensor_of(node.name), DOMAIN, **form, data_layout=layout)


def _floats(positive: Array) -> Array:
    return np.where(positive, np.float32(1), np.float32(-1))
