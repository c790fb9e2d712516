"""What a trained network gives to another: it predicts as before, whatever of it is read, and says what did not fit."""

import numpy as np
import pytest
from branched import CELL, LEVELS, ONE, SEQUENCE, examples

import linocut as lc
from linocut.graph import inference
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Flatten,
    Input,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import unpack
from linocut.policies import POLICIES

PLAIN = lc.Network(
    "plain",
    (
        *(Input((8, 8, 1)), BinaryConv2D(16), BatchNorm(), Sign(), BinaryConv2D(16), MaxPool2D(2), BatchNorm(), Sign()),
        *(Flatten(), BinaryDense(12), BatchNorm(), Sign(), BinaryDense(5), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
NETWORKS = {network.name: network for network in (PLAIN, CELL, SEQUENCE, ONE)}


def trainer(network, policy="lean", optimizer="adam", **more):
    return lc.Trainer(network, policy, optimizer, batch_size=10, threads=1, **more)


def trained(network, folder, policy="lean", optimizer="adam"):
    own = trainer(network, policy, optimizer)
    own.fit(examples(network, 40), 2, out=folder)
    return own


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        *(("plain", policy) for policy in POLICIES),
        *(("cell", "lean"), ("sequence", "wang2021"), ("one", "lean8"), ("one", "standard")),
    ],
)
def test_it_predicts_the_same_from_its_run_and_from_its_packed_model(tmp_path, name, policy):
    """Before the first step, with another batch, rate and optimizer; under integers in the same bits."""
    network = NETWORKS[name]
    own = trained(network, tmp_path / "run", policy)
    images, _ = examples(network, 60)
    expected = own.predict(images)
    for source in (tmp_path / "run", tmp_path / "run" / "model.safetensors", own.inference_graph()):
        other = lc.Trainer(network, policy, lc.SGD(0.3), batch_size=7, seed=9, threads=1)
        started = other.start_from(source)
        assert (started.new, started.unused) == ({}, ())
        found = other.predict(images)
        if lc.Trainer(network, policy).settings.policy.integer or source == tmp_path / "run":
            np.testing.assert_array_equal(found.outputs, expected.outputs)
        else:  # a threshold is not kept where the sums are rounded
            assert np.mean(found.classes == expected.classes) >= 0.9


@pytest.mark.parametrize(("one", "other"), [("lean", "lean8"), ("lean8", "standard"), ("standard", "lean")])
@pytest.mark.parametrize(("before", "after"), [("adam", "adam"), ("adam", "bop"), ("bop", "sgd")])
def test_policies_and_optimizers_may_be_others(tmp_path, one, other, before, after):
    """Norms go through the units of prediction, and no sign of a weight is lost in another format."""
    own = trained(PLAIN, tmp_path / "run", one, before)
    images, _ = examples(PLAIN, 60)
    new = trainer(PLAIN, other, after)
    assert len(new.start_from(tmp_path / "run").taken) == 8
    for name in own.state:
        if name.endswith("weights"):
            np.testing.assert_array_equal(own.state[name] >= 0, new.state[name] >= 0)
    assert np.mean(new.predict(images).classes == own.predict(images).classes) >= 0.95
    if before == "bop":
        assert np.abs(new.state["binary_dense1.weights"]).max() == pytest.approx(16**-0.5 / 4, abs=0.01)


def test_latents_of_a_model_have_the_size_that_weights_have_at_first(tmp_path):
    trained(PLAIN, tmp_path / "run")
    new = trainer(PLAIN)
    before = {name: float(values.std()) for name, values in new.state.items() if name.endswith("weights")}
    new.start_from(tmp_path / "run" / "model.safetensors")
    for name, size in before.items():
        values = new.state[name]
        assert np.unique(np.abs(values)).size == 1
        assert float(np.abs(values).max()) == pytest.approx(size, rel=0.2)
    assert all(not moment.any() for moment in new.state.moments.values())


@pytest.mark.parametrize("packed", [False, True])
def test_what_does_not_fit_begins_anew_and_is_said(tmp_path, packed):
    trained(PLAIN, tmp_path / "run")
    more = PLAIN.with_classes(7)
    fresh, new = trainer(more), trainer(more)
    started = new.start_from(tmp_path / "run" / ("model.safetensors" if packed else ""))
    assert started.taken == (
        "binary_conv2d1",
        "batch_norm1",
        "binary_conv2d2",
        "batch_norm2",
        "binary_dense1",
        "batch_norm3",
    )
    assert list(started.new) == list(started.unused) == ["binary_dense2", "batch_norm4"]
    assert started.new["binary_dense2"] == "its weights are (7, 12), there (5, 12)"
    for name in (name for name in fresh.state if name.endswith(("weights", "running"))):
        same = np.array_equal(fresh.state[name], new.state[name])
        assert same == (name.split(".")[0] in started.new), name
    narrow, wide = (lc.models.mlp((8, 8, 1), 5, (12, width, 6)) for width in (9, 10))
    trained(narrow, tmp_path / "narrow")
    new = trainer(wide).start_from(tmp_path / "narrow" / ("model.safetensors" if packed else "")).new
    assert list(new) == ["binary_dense2", "batch_norm2", "binary_dense3", "batch_norm3"]
    assert new["batch_norm3"] == "it norms binary_dense3, which begins anew"
    other = lc.Network(
        "other", (Input((8, 8, 1)), Flatten(), BinaryDense(5).named("x"), BatchNorm().named("y"), SoftmaxCrossEntropy())
    )
    with pytest.raises(
        lc.RunError, match=r"nothing that other could begin from, .* x: there is none of that name; give"
    ):
        trainer(other).start_from(tmp_path / "run")


def test_only_a_training_that_has_not_begun_begins_from_another(tmp_path):
    own = trained(PLAIN, tmp_path / "run")
    with pytest.raises(lc.RunError, match="it can begin from nothing any more; make a new Trainer"):
        own.start_from(tmp_path / "run")
    with pytest.raises(lc.RunError, match="none is no run and no model to begin from; give a run folder"):
        trainer(PLAIN).start_from(tmp_path / "none")


def test_a_network_of_other_classes():
    assert PLAIN.with_classes(5) is PLAIN
    assert PLAIN.with_classes(9).classes == 9 and len(PLAIN.with_classes(9).layers) == len(PLAIN.layers)
    assert lc.models.cnv(classes=10).with_classes(3) == lc.models.cnv(classes=3)
    named = lc.Network("named", (*PLAIN.layers[:-3], BinaryDense(5).named("head"), *PLAIN.layers[-2:]))
    assert [node.name for node in named.with_classes(4).graph.nodes][-3] == "head"


def test_levels_take_up_latent_weights_of_binary_layers_and_give_them_back(tmp_path):
    """Layers that differ in bits alone carry their latents; norms behind them are taken as they are."""

    def network(*, few: bool) -> lc.Network:
        second = (Quantise(2), QuantisedConv2D(6)) if few else (Sign(), BinaryConv2D(6))
        last = QuantisedDense(5, bits=4) if few else BinaryDense(5)
        names = [layer.named(name) for layer, name in zip((*second, last), ("x", "second", "last"), strict=True)]
        return lc.Network(
            "own",
            (
                *(Input((8, 8, 1)), BinaryConv2D(16), BatchNorm(), *names[:2], BatchNorm(), Sign(), Flatten()),
                *(names[2], BatchNorm(), SoftmaxCrossEntropy()),
            ),
        )

    binary, few = network(few=False), network(few=True)
    own = trained(binary, tmp_path / "binary")
    other = trainer(few)
    assert other.start_from(tmp_path / "binary").new == {}
    assert np.array_equal(other.state["second.weights"], own.state["second.weights"])
    assert np.array_equal(other.state["last.weights"], own.state["last.weights"])


@pytest.mark.parametrize(("before", "after", "least"), [("lean8", "lean", 0.99), ("lean", "lean8", 0.97)])
def test_levels_stay_where_their_range_is_another(before, after, least):
    """In 8 bits the largest level stands for less than 1; there some latents are rounded over a boundary."""
    own, other = trainer(LEVELS, before), trainer(LEVELS, after)
    own.fit(examples(LEVELS, 40), 2)
    assert other.start_from(own).new == {}
    for one, its in zip(own.inference_graph().nodes, other.inference_graph().nodes, strict=True):
        if isinstance(one, inference.LevelsProduct) and one.bits > 1:
            assert (unpack(one.weights, one.depth) == unpack(its.weights, its.depth)).mean() >= least, one.name


def test_a_model_file_has_no_latents_of_several_bits(tmp_path):
    own = trained(LEVELS, tmp_path / "run")
    started = trainer(LEVELS).start_from(own.inference_graph())
    assert "of its weights of 4 bits a model file keeps the levels alone" in started.new["quantised_conv2d1"]
