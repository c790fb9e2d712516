"""QONNX models in onnx's reference, with QONNX's operators as documented."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from linocut.export.qonnx import DOMAIN
from linocut.graph.inference import InferenceGraph
from linocut.ops.bits import Array

onnx = pytest.importorskip("onnx", reason="pip install 'linocut[onnx]' to run these")
reference = pytest.importorskip("onnx.reference")
op_run = pytest.importorskip("onnx.reference.op_run")


class BipolarQuant(op_run.OpRun):  # type: ignore[name-defined]  # found where onnx is
    """+scale from 0 on, else -scale."""

    op_domain = DOMAIN

    def _run(self, x: Array, scale: Array) -> tuple[Array]:
        return (np.where(x >= 0, scale, -scale).astype(np.float32),)


class MultiThreshold(op_run.OpRun):  # type: ignore[name-defined]  # the same
    """How many thresholds (channels, n) are reached, scaled and shifted."""

    op_domain = DOMAIN

    def _run(self, x: Array, least: Array, **form: Any) -> tuple[Array]:
        assert form["out_dtype"] == {1: "BIPOLAR", 3: "INT3", 15: "INT5"}[least.shape[1]]
        assert len(least) == x.shape[1] and form["data_layout"] == {2: "NC", 4: "NCHW"}[x.ndim]
        reached = sum(x >= one.reshape(-1, *[1] * (x.ndim - 2)) for one in least.T)
        return ((form["out_scale"] * reached + form["out_bias"]).astype(np.float32),)


class Quant(op_run.OpRun):  # type: ignore[name-defined]  # the same
    """Rounded to integers of so many bits, all but the least of them, in units of a scale."""

    op_domain = DOMAIN

    def _run(self, x: Array, scale: Array, zero: Array, bits: Array, **form: Any) -> tuple[Array]:
        assert form == {"signed": 1, "narrow": 1, "rounding_mode": "ROUND"} and zero == 0
        most = 2 ** (bits - 1) - 1
        return ((np.clip(np.round(x / scale), -most, most) * scale).astype(np.float32),)


def session_of(model: Any) -> Any:
    return reference.ReferenceEvaluator(model, new_ops=[BipolarQuant, MultiThreshold, Quant])


def run(model: Any, graph: InferenceGraph, image: Array) -> dict[str, Array]:
    """What every node gives for one image, channels last."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    known = {node.name for node in graph.nodes}
    whole.graph.output.extend(value for value in model.graph.value_info if value.name in known)
    names = [output.name for output in whole.graph.output]
    session = session_of(whole)
    found = dict(zip(names, session.run(names, {"image": image}), strict=True))
    return {name: values if name == "logits" else np.moveaxis(values, 1, -1) for name, values in found.items()}


def for_finn(image: Array) -> Array:
    """(1, channels, height, width) floats that hold bytes."""
    return np.moveaxis(image, -1, 1).astype(np.float32)


def with_ends(graph: InferenceGraph, image: Array, found: dict[str, Array]) -> dict[str, Array]:
    """FINN's form has no tensors for what is named by the model: the image, and the last norm."""
    return {**found, graph.input.name: image, graph.logits.inputs[0]: found["logits"]}
