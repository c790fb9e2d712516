"""resnet and vgg as the authors have them: scaled and centred weights, scales before ReLUs, norms where they are."""

from __future__ import annotations

import numpy as np
import pytest
from small_training import examples

import linocut as lc
from linocut.errors import SpecError
from linocut.graph.precision import weights_only_bits
from linocut.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    QuantisedLayer,
    ReLU,
    SoftmaxCrossEntropy,
)
from linocut.networks import rectified
from linocut.networks.binary_vgg import vgg
from linocut.networks.resnet import resnet

NETWORKS = {
    "plain": (resnet, {"depth": 20, "shortcut": "none"}),
    "residual": (resnet, {"depth": 32, "shortcut": "binary"}),
    "photographs": (resnet, {"depth": 18, "shortcut": "float"}),
    "vgg": (vgg, {"depth": 19, "shortcut": "float"}),
    "vgg with a head": (vgg, {"depth": 16, "shortcut": "binary", "head": (64,)}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_scaled_and_centred_and_normed_where_the_authors_do(name: str) -> None:
    make, settings = NETWORKS[name]
    own, published = make(**settings), make(**settings, as_published=True)
    assert weights_only_bits(own.graph) == weights_only_bits(published.graph)
    few = [node for node in published.graph.nodes if isinstance(node.layer, QuantisedLayer)]
    assert [node.name for node in few] == [n.name for n in own.graph.nodes if n.layer.kind.startswith("binary")]
    for node in few:
        layer, reader = node.layer, published.graph.only_reader(node.name)
        assert isinstance(layer, QuantisedLayer) and (layer.bits, layer.scaled, layer.centred) == (1, True, True)
        bare = name != "residual" and name != "photographs" and not node.name.startswith("shortcut")
        assert layer.floats == bare and reader is not None
        assert reader.layer.kind == ("relu" if bare else "batch_norm"), node.name
    before = [published.graph.giver(node).layer for node in published.graph.nodes if isinstance(node.layer, ReLU)]
    assert all(layer.scale for layer in before if isinstance(layer, BatchNorm))
    assert lc.Network.from_dict(published.to_dict()) == published


@pytest.mark.parametrize("policy", ["lean", "standard"])
def test_a_chain_without_second_norms_learns_and_predicts_as_it_trains(policy: str) -> None:
    body = [
        *rectified.convolution("conv2", 8, published=True, normed=False),
        *rectified.convolution("conv3", 12, 3, 2, published=True),
    ]
    layers = (Input((6, 6, 1)), Conv2D(8).named("conv1"), BatchNorm(scale=True), ReLU(), *body, GlobalAveragePool())
    network = lc.Network("chain", (*layers, BatchNorm(), Dense(4), BatchNorm(), SoftmaxCrossEntropy()))
    trainer = lc.Trainer(network, policy, lc.Adam(0.01), batch_size=20, threads=1)
    history = trainer.fit(examples(count=200), 8)
    assert history[-1].loss < 0.8 * history[0].loss
    images = examples(count=40)[0]
    found = lc.Predictor(trainer.inference_graph(), threads=1).predict(images).outputs
    np.testing.assert_allclose(found, trainer.predict(images).outputs, atol=1e-3)
    weights = trainer.state["conv2.weights"]
    assert np.abs(weights.mean(axis=-1)).max() < 2e-3, "centred"
    raised = network.with_precision({"conv2": "2"}).graph.node("conv2").layer
    assert isinstance(raised, QuantisedLayer) and (raised.bits, raised.scaled, raised.floats) == (2, True, True)


def test_it_is_yes_or_no() -> None:
    for make in (resnet, vgg):
        with pytest.raises(SpecError, match="as_published is 1, must be True or False"):
            make(as_published=1)
