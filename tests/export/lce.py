"""The interpreter of Larq Compute Engine: it wants NumPy 1, so it is a process with a folder of packages of its own.

    make .venv/.lce

installs it there, where there are wheels of it: Python 3.10 to 3.12 on x86-64.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import pictures

from linocut.export.ends import IMAGE, LOGITS
from linocut.export.tflite.exporter import model_of
from linocut.export.tflite.file import file_of
from linocut.export.tflite.model import TfliteModel
from linocut.graph.inference import SIGNS, InferenceGraph
from linocut.ops.bits import Array

HOME = Path(os.environ.get("LINOCUT_LCE", Path(sys.prefix, "lce")))
LIBRARY = next(HOME.glob("larq_compute_engine/tflite/python/*.so"), None)
SERVER = Path(__file__).parent / "lce_server.py"
KERNELS = {"bgemm": (False, False, False), "indirect": (False, True, False), "reference": (True, False, False)}

needs_lce = pytest.mark.skipif(
    LIBRARY is None, reason="make .venv/.lce (Python 3.10 to 3.12, x86-64) to hold models against Larq Compute Engine"
)


@cache
def _process() -> subprocess.Popen[bytes]:
    command = [sys.executable, str(SERVER), str(LIBRARY)]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def interpreted(data: bytes, images: Array, kernel: str = "bgemm") -> tuple[list[Array], list[float]]:
    """What a model's outputs are for images (n, ...), one after the other; seconds of loading it and of each image.

    AssertionError where it is not taken.
    """
    process = _process()
    assert process.stdin is not None and process.stdout is not None
    given = [(image.dtype.name, (1, *image.shape), image.tobytes()) for image in images]
    pickle.dump((data, KERNELS[kernel], given), process.stdin)
    process.stdin.flush()
    try:
        answer = pickle.load(process.stdout)
    except EOFError:
        _process.cache_clear()
        raise AssertionError(f"the interpreter ended with {process.wait()}") from None
    assert not isinstance(answer, str), answer
    found, seconds = answer
    outputs = [
        np.concatenate([np.frombuffer(bytes_, dtype).reshape(shape) for dtype, shape, bytes_ in output])
        for output in zip(*found, strict=True)
    ]
    return outputs, seconds


def outputs_of(model: TfliteModel, names: list[str], images: Array, kernel: str = "bgemm") -> dict[str, Array]:
    """Tensors of a model for images, as they are."""
    found, _ = interpreted(file_of(model, IMAGE, names, []), images, kernel)
    return dict(zip(names, found, strict=True))


def run(graph: InferenceGraph, images: Array, kernel: str = "bgemm", **how: Any) -> dict[str, Array]:
    """What each node that has a tensor gives for images, by its name; that of the last is `logits`."""
    model = model_of(graph, "net", **how)
    tensors = outputs_of(model, list(dict.fromkeys(model.of_nodes.values())), images, kernel)
    found = {}
    for name, tensor in model.of_nodes.items():
        node, values = graph.by_name[name], tensors[tensor]
        if node.gives == SIGNS:
            values = signs_of_words(values, node.shape[-1])
        found[LOGITS if name == graph.logits.name else name] = values.reshape(len(images), *node.shape)
    return found


def signs_of_words(words: Array, count: int) -> Array:
    """int32 words (..., words) -> -1 and +1 (..., channels); spare bits are 0."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, bitorder="little")
    assert not bits[..., count:].any()
    return np.where(bits[..., :count], -1, 1)


def check_is_never_negative_zero(graph: InferenceGraph) -> None:
    """What LceQuantize reads: 64-bit Arm takes -0.0 for -1."""
    model = model_of(graph, "net")
    read = [operator.inputs[0] for operator in model.operators if operator.kind == "LceQuantize"]
    for name, values in outputs_of(model, [name for name in read if name], pictures(graph)).items():
        assert not np.signbit(values[values == 0]).any(), name
