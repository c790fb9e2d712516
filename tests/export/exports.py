"""Networks that exported models are made of, and how what these give is held against linocut's own values."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import ClassVar

import numpy as np
import pytest
from branched import NETWORKS, OPTIMIZERS, examples
from node_values import node_values

import linocut as lc
from linocut.graph.inference import (
    FLOATS,
    SIGNS,
    Flatten,
    InferenceGraph,
    InferenceNode,
    InputCoding,
    Logits,
    Threshold,
    _Node,
)
from linocut.networks import build
from linocut.ops.bits import Array
from linocut.run.predict import Predictor

CLOSE = 1e-5  # of numbers around 1
CHANNELS = 3


@cache
def branched(network: str, policy: str = "lean") -> InferenceGraph:
    trainer = lc.Trainer(NETWORKS[network], policy, OPTIMIZERS["adam"], 6, threads=1)
    trainer.fit(examples(NETWORKS[network], 12), epochs=1)
    return trainer.inference_graph()


@cache
def small(name: str) -> InferenceGraph:
    """A network of the paper over small images, after one step."""
    resnet = import_module("linocut.networks.resnet")  # the function of that name hides it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resnet, "STAGES", (8, 12, 16, 20))
        patch.setattr(resnet, "BLOCKS", 2)
        shape = {"mlp": (9, 7, 1), "cnv": (32, 32, 3), "binarynet": (8, 8, 3)}.get(name, (45, 33, 3))
        network = build(name, input_shape=shape, classes=10)
    trainer = lc.Trainer(network, "lean", lc.Adam(0.01), 4, threads=2)
    rng = np.random.default_rng(0)
    trainer.fit((rng.integers(0, 256, (4, *shape), dtype=np.uint8), np.arange(4)), epochs=1)
    return trainer.inference_graph()


def pictures(graph: InferenceGraph, count: int = 7) -> Array:
    rng = np.random.default_rng(5)
    if graph.input.dtype == "u8":
        return rng.integers(0, 256, (count, *graph.input.shape), dtype=np.uint8)
    return rng.uniform(graph.input.low, graph.input.high, (count, *graph.input.shape)).astype(np.float32)


def check_equal(graph: InferenceGraph, images: Array, found: dict[str, Array], *, some: bool = False) -> int:
    """Bytes, signs and integers are equal, floats close; how many nodes were compared: all, or those that are found."""
    count = 0
    for node, values in zip(graph.nodes, node_values(graph, images).values(), strict=True):
        name = "logits" if isinstance(node, Logits) else node.name
        if some and name not in found:
            continue
        count, other = count + 1, found[name]
        assert other.shape == values.shape, node.name
        if node.gives == FLOATS:
            assert np.abs(other - values).max() <= CLOSE * max(1.0, np.abs(values).max()), node.name
        else:
            assert np.array_equal(other, values), node.name
    return count


def check_predicts_alike(graph: InferenceGraph, images: Array, found: dict[str, Array]) -> None:
    expected = Predictor(graph, batch_size=len(images)).predict(images)
    assert np.abs(found["logits"] - expected.outputs).max() <= CLOSE
    assert np.array_equal(np.argmax(found["logits"], axis=1), np.argmax(expected.outputs, axis=1))


# --- graphs by hand ---


def graph_of(*nodes: InferenceNode, shape: tuple[int, ...] = (4, 5, CHANNELS)) -> InferenceGraph:
    """Floats as they are, then the nodes, each of which reads the one before; all of the last are logits."""
    chain: list[InferenceNode] = [InputCoding("in", (), shape, FLOATS, "f32", -9.0, 9.0, False)]
    chain += [
        dataclasses.replace(node, inputs=(last.name,))
        for node, last in zip(nodes, (chain[0], *nodes[:-1]), strict=True)
    ]
    whole = (math.prod(chain[-1].shape),)
    ends = Flatten("flat", (chain[-1].name,), whole, FLOATS), Logits("end", ("flat",), whole, FLOATS, "identity")
    return InferenceGraph("hand", (*chain, *ends), 0)


def signs_of(name: str, shape: tuple[int, ...], least: Array | None = None) -> Threshold:
    zeros = np.zeros(shape[-1], np.float32) if least is None else least
    return Threshold(name, (), shape, SIGNS, zeros)


@dataclass(frozen=True, eq=False)
class Wavelet(_Node):
    """A kind that no exporter knows."""

    kind: ClassVar[str] = "wavelet"
