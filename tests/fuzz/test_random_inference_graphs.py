"""Graphs at random go through a file and predict the same, by every batch size, thread and interpreter.

LINOCUT_FUZZ=20000 tries so many, where a test tries a few dozen.
"""

import os

import numpy as np
import pytest
from random_inference_graphs import random_graph

import linocut as lc
from linocut.export import packed
from linocut.graph.inference_rules import check

COUNT = int(os.environ.get("LINOCUT_FUZZ", "100"))
PARTS = 10
CLOSE = 1e-3  # sums of a few thousand floats in another order


@pytest.mark.parametrize("part", range(PARTS))
@np.errstate(all="ignore")  # weights may be any
def test_random_graphs(tmp_path, part):
    for seed in range(part, COUNT, PARTS):
        graph, examples = random_graph(seed)
        check(graph)
        packed.save(tmp_path / packed.NAME, packed.PackedModel(graph))
        predictor = lc.load(tmp_path, batch_size=3, threads=2)
        again = packed.read(tmp_path / packed.NAME).graph
        assert [(n.kind, n.shape, n.inputs) for n in again.nodes] == [(n.kind, n.shape, n.inputs) for n in graph.nodes]
        found = predictor.predict(examples).outputs
        alone = np.stack([predictor(example).copy() for example in examples])
        assert np.array_equal(alone, found, equal_nan=True), f"seed {seed}: a batch differs from one at a time"
        expected = lc.load(tmp_path, batch_size=2, backend="reference").predict(examples).outputs
        same = np.isclose(found, expected, rtol=CLOSE, atol=CLOSE, equal_nan=True)
        assert same.all(), f"seed {seed}: native differs from the reference"
