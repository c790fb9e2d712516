"""Graphs at random as C predict the bits of linocut, in their buffers alone.

LINOCUT_FUZZ=200 tries so many, where a test tries a few: each is compiled.
"""

import os

import numpy as np
import pytest
from exported_c import SANITIZED, built, compiler, predicted, written
from exported_c import examples as examples_of
from random_inference_graphs import random_graph

import linocut as lc

COUNT = int(os.environ.get("LINOCUT_FUZZ", "4"))


@pytest.mark.parametrize("seed", range(COUNT))
@np.errstate(all="ignore")  # weights may be any
def test_random_graphs_as_c(tmp_path, seed):
    graph, _ = random_graph(seed)
    written(graph, tmp_path)
    given = examples_of(graph, 16)
    labels, logits = predicted(built([compiler("cc"), "-std=c99", *SANITIZED], tmp_path), given, graph.outputs)
    expected = lc.Predictor(graph, threads=1).predict(given)
    number = ~np.isnan(expected.outputs)
    assert np.array_equal(np.isnan(logits), ~number)
    assert np.array_equal(logits.view(np.uint32)[number], expected.outputs.view(np.uint32)[number])
    assert np.array_equal(labels[number.all(1)], expected.classes[number.all(1)])
