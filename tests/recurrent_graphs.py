"""Small recurrent networks with random numbers, as inference graphs, and examples for them."""

from __future__ import annotations

from typing import Any

import numpy as np

import linocut as lc
from linocut.graph.inference import InferenceGraph
from linocut.layers import CTC, GRU, LSTM, BlockCirculantDense, Layer, SequenceInput, SequencePool, SoftmaxCrossEntropy
from linocut.ops.bits import Array

STEPS, FEATURES = 6, 5
GATED = "gated"  # two GRU layers, whose last step is taken


def graph_of(*layers: Layer, by_step: bool = False, seed: int = 0, pool: str = "mean") -> InferenceGraph:
    """A recurrent network of three outputs, of the mean of its steps or the last, or of each."""
    ends: tuple[Layer, ...] = (BlockCirculantDense(3), CTC(2))
    if not by_step:
        ends = (SequencePool(pool), BlockCirculantDense(3), SoftmaxCrossEntropy())
    network = lc.Network("heard", (SequenceInput((STEPS, FEATURES)), *layers, *ends))
    trainer, rng = lc.Trainer(network, "standard", batch_size=2, threads=1), np.random.default_rng(seed)
    for name in trainer.state:
        trainer.state[name] = rng.uniform(-0.5, 0.5, trainer.state[name].shape).astype(np.float32)
    return trainer.inference_graph()


def kinds() -> dict[str, tuple[dict[str, Any], int]]:
    """Settings of layers of 8 cells, by name, and how many of them follow each other."""
    return {
        "plain": ({"block": 4}, 1),
        "dense": ({"block": 1, "peepholes": True}, 1),
        "projected": ({"block": 4, "projection": 4, "peepholes": True}, 2),
        "sigmoid": ({"block": 8, "candidate": "sigmoid", "clip": 0.5}, 1),
        "both ways": ({"block": 2, "bidirectional": True}, 1),
    }


def graph(kind: str, *, by_step: bool = False) -> InferenceGraph:
    """One of `kinds`, or GATED."""
    if kind == GATED:
        return graph_of(GRU(8, 4), GRU(4, 2), by_step=by_step, pool="last")
    settings, count = kinds()[kind]
    return graph_of(*(LSTM(8, **settings) for _ in range(count)), by_step=by_step)


def examples(count: int = 3, seed: int = 0) -> Array:
    """Float32 (count, steps, features), the second of which ends two steps early."""
    found = np.random.default_rng(seed).standard_normal((count, STEPS, FEATURES)).astype(np.float32)
    found[1, STEPS - 2 :] = 0
    return found
