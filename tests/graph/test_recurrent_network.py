"""Layers of model files in 16 bits: what counts them counts what it counts of the network that they were made of."""

from __future__ import annotations

from typing import Any

import pytest
import recurrent_graphs

import linocut as lc
from linocut.devices.estimate import estimate
from linocut.devices.pipeline.accelerate import accelerate
from linocut.errors import SpecError
from linocut.graph.blank import blank
from linocut.graph.network import Network
from linocut.graph.q10 import sixteen_bits
from linocut.graph.recurrent_network import network_of
from linocut.layers import (
    CTC,
    GRU,
    LSTM,
    Add,
    BlockCirculantDense,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)


def again(network: Network) -> Network:
    return network_of(sixteen_bits(blank(network.graph)).graph)


@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("name", ["lstm", "google_lstm", "small_lstm"])
def test_networks_are_described_as_they_were(name: str, block: int) -> None:
    network = lc.models.build(name, block=block)
    assert [type(layer) for layer in _layers(again(network))] == [type(layer) for layer in _layers(network)]


def _layers(network: Network) -> list[Any]:
    return [node.layer for node in network.graph.nodes]


def test_all_settings_are_kept_and_names_too() -> None:
    layers = (
        SequenceInput((9, 13)),
        LSTM(16, 8, peepholes=True, projection=8, candidate="sigmoid", clip=0.5).named("heard"),
        LSTM(8, 4, bidirectional=True),
        GRU(8, 2),
        SequencePool("last"),
        BlockCirculantDense(3),
        SoftmaxCrossEntropy(),
    )
    network = Network("mine", layers)
    found = again(network)
    assert found.name == "mine" and _layers(found) == _layers(network)
    assert [node.name for node in found.graph.nodes] == [node.name for node in network.graph.nodes]
    of_steps = Network("read", (SequenceInput((9, 13)), LSTM(8, 4), BlockCirculantDense(3), CTC(2)))
    assert isinstance(again(of_steps).loss, CTC)


def test_they_are_accelerated_and_estimated_as_their_networks() -> None:
    network = lc.models.build("lstm", block=8)
    assert accelerate(again(network), "ku060").to_json() == accelerate(network, "ku060").to_json()
    assert estimate(again(network), "cortex-m7").to_json() == estimate(network, "cortex-m7").to_json()


def test_sums_of_layers_are_refused() -> None:
    layers = (
        SequenceInput((9, 13)),
        LSTM(8, 4).named("a"),
        LSTM(8, 4).named("b"),
        Add().after("a", "b"),
        SequencePool(),
        BlockCirculantDense(3),
        SoftmaxCrossEntropy(),
    )
    with pytest.raises(SpecError, match="add1 adds layers of a model file in 16 bits; give the folder of its run"):
        again(Network("summed", layers))


def test_graphs_in_floats_are_refused() -> None:
    with pytest.raises(SpecError, match="a recurrent is not of 16 bits"):
        network_of(recurrent_graphs.graph("plain"))
