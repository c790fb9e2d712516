"""about: what exported models say of themselves."""

from __future__ import annotations

import json

import numpy as np

import linocut
from linocut.data.form import Form
from linocut.digest import sha256
from linocut.graph.inference import InferenceGraph


def metadata(graph: InferenceGraph, form: Form | None) -> list[tuple[str, str]]:
    """What a model says of itself: version, network, outputs, and the SHA-256 of the graph's tensors in their order.

    And how the numbers in its image are coded, where training read them from files of numbers (data/form.py).
    """
    digest = sha256()
    for node, part, array in graph.tensors():
        digest.update(memoryview(f"{node}.{part} {array.dtype} {array.shape}\n".encode()))
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    return [
        ("linocut.version", linocut.__version__),
        ("linocut.network", graph.name),
        ("linocut.classes", str(graph.classes)),
        ("linocut.outputs_are", graph.logits.function),
        ("linocut.layers", json.dumps([node.name for node in graph.nodes])),
        ("linocut.tensors_sha256", digest.hexdigest()),
        *([] if form is None else [("linocut.form", json.dumps(form.to_dict()))]),
    ]
