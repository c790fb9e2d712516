"""in_units: outputs of a regression in the units of the data, not as they were learned."""

from __future__ import annotations

import dataclasses

import numpy as np

from linocut.data.form import Form
from linocut.graph.inference import FLOATS, Affine, InferenceGraph

NODE = "units"


def in_units(graph: InferenceGraph, form: Form | None) -> InferenceGraph:
    """The graph, and behind its last layer mean + deviation * output where the form scaled targets."""
    if form is None or form.scaling is None:
        return graph
    *nodes, logits = graph.nodes
    count, name = graph.outputs, NODE
    while name in graph.by_name:
        name += "_"
    mean, deviation = (np.array(end, np.float32) for end in (form.scaling.mean, form.scaling.deviation))
    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    scaled = Affine(name, logits.inputs, (count,), FLOATS, zeros, ones, mean, deviation)
    last = dataclasses.replace(logits, inputs=(name,))
    return dataclasses.replace(graph, nodes=(*nodes, scaled, last))
