"""ONNX models in ONNX Runtime, one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from linocut.ops.bits import Array

NEEDS = "pip install 'linocut[onnx]' onnxruntime to run these"
onnx = pytest.importorskip("onnx", reason=NEEDS)
onnxruntime = pytest.importorskip("onnxruntime", reason=NEEDS)


def session_of(model: Any, *, folded: bool = True) -> Any:
    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = how.inter_op_num_threads = 1
    if not folded:
        how.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), how, providers=["CPUExecutionProvider"])


def run(model: Any, images: Array, *, folded: bool = True) -> dict[str, Array]:
    """What every tensor that the model describes is for images, channels last."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    whole.graph.output.extend(model.graph.value_info)
    session = session_of(whole, folded=folded)
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(names, {"image": images}), strict=True))
    return {name: values if name == "logits" else np.moveaxis(values, 1, -1) for name, values in found.items()}
