"""Multiplications of a frame: those that layers count, in floats and in 16 bits; of exports too."""

from __future__ import annotations

from pathlib import Path

import pytest
import recurrent_graphs

import linocut as lc
from linocut.graph.blank import blank
from linocut.graph.frame_work import multiplications
from linocut.graph.inference import Q10Gru, Q10Recurrent, Recurrent
from linocut.graph.q10 import sixteen_bits
from linocut.layers import GRU, LSTM, BlockCirculantDense, SequenceInput, SequencePool, SoftmaxCrossEntropy


@pytest.mark.parametrize("block", [1, 2, 4, 8, 16])
def test_they_are_those_of_the_layers(block: int) -> None:
    layers = (
        LSTM(32, block, peepholes=True, projection=16),
        LSTM(16, block, bidirectional=True),
        GRU(32, block),
    )
    ends = SequencePool(), BlockCirculantDense(3, block), SoftmaxCrossEntropy()
    network = lc.Network("heard", (SequenceInput((7, 13)), *layers, *ends))
    floats = blank(network.graph)
    wanted = [node.cost.real_macs // 7 for node in network.graph.nodes if isinstance(node.layer, (LSTM, GRU))]
    for graph in (floats, sixteen_bits(floats).graph):
        found = [multiplications(one) for one in graph.nodes if isinstance(one, (Recurrent, Q10Recurrent, Q10Gru))]
        assert [found[0], found[1] + found[2], found[3]] == wanted
    dense = floats.by_name["block_circulant_dense1"]
    assert multiplications(dense) == network.graph.by_name["block_circulant_dense1"].cost.real_macs


def test_published_ones_are_met() -> None:
    graph = sixteen_bits(blank(lc.networks.google_lstm(block=8).graph)).graph
    assert multiplications(graph.by_name["lstm1"]) == 718_376


def test_exports_tell_those_of_a_frame_and_the_bytes_that_were_written(tmp_path: Path) -> None:
    floats = recurrent_graphs.graph("projected")
    sixteen = sixteen_bits(floats).graph
    told = [lc.export(one, "c", out=tmp_path / name, name="net") for name, one in (("a", floats), ("b", sixteen))]
    assert told[0].costs == told[1].costs
    found = told[0].to_json()
    assert found["bytes"] == sixteen.nbytes == found["flash_bytes"]
    assert found["macs"] == sum(multiplications(node) for node in sixteen.nodes) > 0
