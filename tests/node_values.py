"""What every node of an inference graph gives, by linocut's own program: what exported models are held against."""

from __future__ import annotations

import numpy as np

from linocut.compile.captured import CAPTURED
from linocut.compile.inference import INPUT, compile_inference
from linocut.compile.lower import PREDICT
from linocut.graph.inference import LEVELS_2, LEVELS_4, PLANES, SIGNS, InferenceGraph
from linocut.ops.bits import Array, unpack
from linocut.ops.levels import largest
from linocut.run import open_session


def node_values(graph: InferenceGraph, images: Array, backend: str = "native") -> dict[str, Array]:
    """(n, *shape) by node for images (n, *shape of the input), signs as -1 and +1, levels as odd integers."""
    names = [node.name for node in graph.nodes]
    prediction = compile_inference(graph, len(images), capture=names)
    session = open_session(prediction.program, backend=backend, threads=2)
    for name, make in prediction.constants.items():
        session.array(name)[...] = make()
    session.array(INPUT)[...] = images
    session.run(PREDICT)
    found = {}
    for node in graph.nodes:
        values = session.array(f"{PREDICT}.{CAPTURED}.{node.name}")
        if node.gives == SIGNS:
            values = np.where(unpack(values, node.shape[-1]), 1, -1)
        if node.gives in (LEVELS_2, LEVELS_4):
            values = np.rint(values * largest(PLANES[node.gives])).astype(np.int32)
        assert values.shape == (len(images), *node.shape)
        found[node.name] = values.copy()
    return found
