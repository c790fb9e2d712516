"""Precision as a property of a layer: what changes with it, what stays, and what cannot be."""

import dataclasses

import numpy as np
import pytest
from small_training import examples

import linocut as lc
from linocut.errors import SpecError
from linocut.graph.precision import activation_bits, block_end, chain, choosable, followers, precision_of, weight_bits
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)

RESNET = lc.models.resnet20((8, 8, 3), width=8)
BINARY = lc.models.resnet20((8, 8, 3), width=8, shortcut="binary")
BINARYNET = lc.models.binarynet((16, 16, 3))


def kinds(network, *names):
    return [network.graph.node(name).layer.kind for name in names]


def names(network):
    return [node.name for node in network.graph.nodes]


def test_every_other_layer_keeps_name_and_settings():
    network = RESNET.with_precision({"conv3": "float", "conv9": "2", "shortcut14": "1"})
    assert kinds(network, "conv3", "conv9", "shortcut14") == ["conv2d", "quantised_conv2d", "binary_conv2d"]
    same = set(names(RESNET)) & set(names(network))
    assert set(names(RESNET)) - same == {"sign2", "sign8"}
    for name in same - {"conv3", "conv9", "shortcut14"}:
        assert network.graph.node(name).layer == RESNET.graph.node(name).layer
    assert lc.Network.from_dict(network.to_dict()) == network


def test_there_and_back_is_the_same_network():
    for network in (BINARY, BINARYNET):
        every = (*choosable(network.graph), *followers(network.graph))
        for to in ("float", "2", "4"):
            back = network.with_precision(dict.fromkeys(every, to)).with_precision(dict.fromkeys(every, "1"))
            assert [node.layer for node in back.graph.nodes] == [node.layer for node in network.graph.nodes]
            assert [[edge.shape for edge in node.inputs] for node in back.graph.nodes] == [
                [edge.shape for edge in node.inputs] for node in network.graph.nodes
            ]


def test_bits_of_weights_and_of_what_they_multiply():
    network = BINARYNET.with_precision({"binary_conv2d3": "2", "binary_dense1": "4", "binary_dense2": "float"})
    graph = network.graph
    found = [(weight_bits(graph.node(name)), activation_bits(graph, graph.node(name))) for name in chain(graph)]
    assert found == [(1, 1), (2, 2), (1, 1), (1, 1), (1, 1), (4, 4), (32, 32), (1, 1)]
    first = graph.node("binary_conv2d1")
    assert (weight_bits(first), activation_bits(graph, first)) == (1, 32)


def test_a_tanh_stands_for_a_sign_where_nothing_else_would_bend():
    """Not behind a ReLU, which is what the authors' layers of floats have."""
    network = BINARYNET.with_precision({"binary_conv2d3": "float"})
    assert kinds(network, "binary_conv2d3_tanh") == ["tanh"]
    assert not [node for node in RESNET.with_precision({"conv3": "float"}).graph.nodes if node.layer.kind == "tanh"]


def test_through_a_pool_and_a_flatten_of_signs():
    layers = (Input((8, 8, 1)), BinaryConv2D(8), BatchNorm(), Sign(), MaxPool2D(), Flatten(), BinaryDense(4))
    network = lc.Network("pooled", (*layers, BatchNorm(), SoftmaxCrossEntropy()))
    floats = network.with_precision({"binary_dense1": "float"})
    assert names(floats)[3:7] == ["binary_dense1_tanh", "max_pool2d1", "flatten1", "binary_dense1"]
    assert floats.with_precision({"binary_dense1": "1"}).graph.node("binary_dense1").input.kind == "signs"


def test_through_pools_and_slices_of_a_sign_that_others_read():
    """Each layer has its own copies of what stands between, under names of their own."""
    start = (Input((8, 8, 1)), BinaryConv2D(8), BatchNorm(), Sign(), MaxPool2D(), MaxPool2D(), lc.layers.Slice(1, 6))
    left = (BinaryConv2D(8).named("left"), BatchNorm().named("a"))
    right = (BinaryConv2D(8).named("right").after("slice1"), BatchNorm().named("b"))
    end = (lc.layers.Add().after("a", "b"), GlobalAveragePool(), Dense(4), BatchNorm(), SoftmaxCrossEntropy())
    network = lc.Network("pooled", (*start, *left, *right, *end))
    raised = network.with_precision({"left": "2"}, follow=False)
    between = ["left_levels", "left_max_pool2d", "left_max_pool2d2", "left_slice", "left"]
    assert [name for name in names(raised) if name.startswith("left")] == between
    assert (
        raised.graph.node("right").input.kind == "signs" and raised.graph.node("left").input.kind == "levels of 2 bits"
    )
    assert lc.Trainer(raised, batch_size=2).plan.total_bytes > 0
    both = network.with_precision({"left": "float", "right": "4"})
    assert kinds(both, "left", "right") == ["conv2d", "quantised_conv2d"]
    back = both.with_precision({"left": "1", "right": "1"})
    assert [back.graph.node(name).input.kind for name in ("left", "right")] == ["signs", "signs"]


def test_a_sign_that_others_read_stays_for_them():
    layers = (
        *(Input((8, 8, 1)), Conv2D(8), BatchNorm(), ReLU(), BatchNorm(), Sign().named("shared")),
        *(BinaryConv2D(8).named("left"), BatchNorm().named("a")),
        *(BinaryConv2D(8).named("right").after("shared"), BatchNorm().named("b")),
        *(lc.layers.Add().after("a", "b"), GlobalAveragePool(), Dense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    network = lc.Network("shared", layers)
    for to, kind in (("float", "conv2d"), ("2", "quantised_conv2d")):
        raised = network.with_precision({"left": to}, follow=False)
        assert kinds(raised, "left", "right") == [kind, "binary_conv2d"]
        assert raised.graph.node("right").input.node == "shared"
        assert raised.graph.node("left").input.node == ("batch_norm2" if to == "float" else "left_levels")
        assert lc.Trainer(raised, batch_size=2).plan.total_bytes > 0
    both = network.with_precision({"left": "2", "right": "float"})
    assert kinds(both, "left", "right") == ["quantised_conv2d", "conv2d"]


def test_shortcuts_of_few_bits_follow_unless_they_are_named():
    assert followers(BINARY.graph) == {"shortcut8": "conv8", "shortcut14": "conv14"}
    assert kinds(BINARY.with_precision({"conv8": "2"}), "conv8", "shortcut8") == ["quantised_conv2d"] * 2
    named = BINARY.with_precision({"conv8": "2", "shortcut8": "1"})
    assert kinds(named, "conv8", "shortcut8") == ["quantised_conv2d", "binary_conv2d"]
    assert kinds(BINARY.with_precision({"conv8": "2"}, follow=False), "shortcut8") == ["binary_conv2d"]
    assert kinds(RESNET.with_precision({"conv8": "2"}), "shortcut8") == ["conv2d"]  # of floats: nothing to gain


def test_the_chain_is_numbered_without_stem_shortcuts_and_head():
    assert chain(BINARY.graph) == choosable(BINARY.graph) == tuple(f"conv{number}" for number in range(2, 20))
    raised = BINARY.with_precision({"conv5": "float"})
    assert chain(raised.graph) == chain(BINARY.graph)
    assert "conv5" not in choosable(raised.graph)
    assert block_end(BINARY.graph, "conv8") == "residual7"
    plain = lc.models.resnet(20, (8, 8, 3), width=8, shortcut="none")
    assert chain(plain.graph) == chain(BINARY.graph)
    assert plain.graph.node(block_end(plain.graph, "conv3")).layer.kind == "relu"


def test_a_layer_within_a_residual_within_a_residual():
    inner = Residual((BatchNorm(), Sign(), BinaryConv2D(8), BatchNorm()))
    layers = (Input((8, 8, 1)), Conv2D(8), BatchNorm(), ReLU(), Residual((inner, ReLU())), GlobalAveragePool())
    network = lc.Network("nested", (*layers, Dense(3), BatchNorm(), SoftmaxCrossEntropy()))
    raised = network.with_precision({"binary_conv2d1": "4"})
    assert kinds(raised, "binary_conv2d1", "residual1", "residual2") == ["quantised_conv2d", "add", "add"]
    assert lc.Network.from_dict(raised.to_dict()) == raised


def test_in_a_file():
    described = RESNET.to_dict()
    body = described["layers"][5]["body"]
    body[2]["precision"] = "2"
    assert lc.Network.from_dict(described) == RESNET.with_precision({"conv3": "2"})
    body[2]["precision"] = 2  # as a number too
    assert lc.Network.from_dict(described) == RESNET.with_precision({"conv3": "2"})
    body[1]["precision"] = "2"
    with pytest.raises(SpecError, match="sign2 is a sign, which has no precision to choose; of resnet20 these have"):
        lc.Network.from_dict(described)


@pytest.mark.parametrize(
    ("network", "asked", "message"),
    [
        (RESNET, {"conv99": "2"}, "no layer of resnet20 is called 'conv99'; there are conv1, .*did you mean conv9"),
        (RESNET, {"conv8": "3"}, "the precision of conv8 is '3', must be 1, 2, 4, float"),
        (RESNET, {"conv8": True}, "the precision of conv8 is True, must be 1, 2, 4, float"),
        (RESNET, "conv8=2", "precisions are 'conv8=2', must be a dict by the names of layers, such as {'conv8': '2'}"),
        (RESNET, {"batch_norm1": "2"}, "batch_norm1 is a batch_norm, which has no precision to choose"),
        (RESNET, {"conv1": "2"}, "conv1 reads the network's input, so it is of 1 bit or float, not of 2"),
        (
            lc.Network("b", (Input((4,)), Dense(3), BatchNorm(), ReLU(), Dense(3, bias=True), SoftmaxCrossEntropy())),
            {"dense2": "2"},
            "dense2 has a bias, which layers of few bits have not; describe it without one",
        ),
        (
            lc.Network("c", (Input((4,)), Dense(3), BatchNorm(), ReLU(), Dense(3), SoftmaxCrossEntropy())),
            {"dense2": "1"},
            "dense2 cannot be of 1 bit, as softmax_cross_entropy1 reads what it gives; put a batch_norm behind it",
        ),
    ],
)
def test_what_cannot_be(network, asked, message):
    with pytest.raises(SpecError, match=message):
        network.with_precision(asked)


def test_settings_that_both_have_go_along():
    start = (Input((8, 8, 1)), Conv2D(8), BatchNorm(), ReLU(), BatchNorm(), Sign())
    layers = (
        *start,
        BinaryConv2D(8, 5, scaled=True),
        BatchNorm(),
        GlobalAveragePool(),
        Dense(2),
        SoftmaxCrossEntropy(),
    )
    raised = lc.Network("scaled", layers).with_precision({"binary_conv2d1": "2"})
    assert raised.graph.node("binary_conv2d1").layer == QuantisedConv2D(8, 5, bits=2, scaled=True)
    floats = QuantisedConv2D(8, 3, bits=2, centred=True, scaled=True, floats=True)
    chain_of_floats = (*start[:-1], Quantise(2), floats, ReLU(), GlobalAveragePool(), Dense(2), SoftmaxCrossEntropy())
    for to in ("1", "4"):
        found = lc.Network("floats", chain_of_floats).with_precision({"quantised_conv2d1": to})
        assert found.graph.node("quantised_conv2d1").layer == dataclasses.replace(floats, bits=int(to))
        assert precision_of(found.graph.node("quantised_conv2d1").layer) == to


def test_one_dimension_has_no_form_of_few_bits():
    layers = (Input((8, 2)), lc.layers.Conv1D(4), BatchNorm(), Sign(), lc.layers.BinaryConv1D(4), BatchNorm())
    network = lc.Network("line", (*layers, GlobalAveragePool(), Dense(2), SoftmaxCrossEntropy()))
    assert (
        precision_of(network.with_precision({"binary_conv1d1": "float"}).graph.node("binary_conv1d1").layer) == "float"
    )
    with pytest.raises(SpecError, match="binary_conv1d1: a binary_conv1d has no form of 2 bits; take 1 or float"):
        network.with_precision({"binary_conv1d1": "2"})


@pytest.mark.parametrize("policy", ["lean", "standard"])
def test_weights_are_carried_from_one_precision_to_another(policy):
    """Latent weights become floats as they are, and floats latent ones; dense ones have two dimensions more."""
    images = examples()[0][:, :, :, :]
    layers = (Input((6, 6, 1)), Conv2D(8), BatchNorm(), ReLU(), BatchNorm(), Sign(), BinaryConv2D(8), BatchNorm())
    end = (Sign(), Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy())
    network = lc.Network("carried", (*layers, *end))
    own = lc.Trainer(network, policy, batch_size=10, threads=1)
    own.fit(examples(), 1)
    raised = network.with_precision({"binary_conv2d1": "float", "binary_dense1": "2"})
    other = lc.Trainer(raised, policy, batch_size=10, threads=1)
    started = other.start_from(own)
    assert started.new == {} and started.unused == ()
    for name in ("binary_conv2d1.weights", "binary_dense1.weights"):
        np.testing.assert_allclose(other.state[name].ravel(), own.state[name].ravel(), atol=1e-7)
    again = lc.Trainer(network, policy, batch_size=10, threads=1)
    assert again.start_from(other).new == {}
    for name in own.state:
        np.testing.assert_allclose(again.state[name], own.state[name], rtol=1e-5, atol=1e-4)
    assert len(again.predict(images).classes) == len(images)
