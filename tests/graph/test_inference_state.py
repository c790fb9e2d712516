"""The state of a predictor: what its network has learned, to read, and to change what it predicts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from branched import NETWORKS, examples

import linocut as lc
from linocut.compile.inference import compile_inference
from linocut.errors import SpecError
from linocut.graph.blank import blank
from linocut.graph.inference import InferenceGraph
from linocut.graph.inference_rules import check
from linocut.run.predict import Predictor
from linocut.run.profile import untrained_graph

BATCH = 6
MORE = np.array([0.0, 2.0])


@cache
def graph(network: str = "cell", policy: str = "lean") -> InferenceGraph:
    trainer = lc.Trainer(NETWORKS[network], policy, lc.Adam(0.01), BATCH, threads=1)
    trainer.fit(examples(NETWORKS[network], 4 * BATCH), epochs=1)
    return trainer.inference_graph()


@pytest.mark.parametrize("policy", ["lean", "standard"])
@pytest.mark.parametrize("network", NETWORKS)
def test_it_holds_every_tensor(network: str, policy: str) -> None:
    found = Predictor(graph(network, policy)).state
    assert list(found) == [f"{node}.{part}" for node, part, _ in graph(network, policy).tensors()]
    assert len(found) == len(list(found))
    for node, part, array in graph(network, policy).tensors():
        values = found[f"{node}.{part}"]
        if array.dtype == np.uint64:
            depth = graph(network, policy).by_name[node].depth  # type: ignore[union-attr]  # a product's
            assert values.shape == (*array.shape[:-1], depth)
            assert set(np.unique(values)) <= {-1.0, 1.0} and values.dtype == np.float32
        else:
            assert np.array_equal(values, array) and values.dtype == array.dtype


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_read_is_written_back_the_same(network: str) -> None:
    predictor = Predictor(graph(network))
    images, _ = examples(NETWORKS[network], 9)
    expected = predictor.predict(images).outputs
    predictor.state.update(dict(predictor.state))
    for (node, part, array), (_, _, was) in zip(predictor.graph.tensors(), graph(network).tensors(), strict=True):
        assert array.dtype == was.dtype and np.array_equal(array, was), f"{node}.{part}"
    assert np.array_equal(predictor.predict(images).outputs, expected)


def test_a_changed_state_predicts_accordingly() -> None:
    predictor, untouched = Predictor(graph("sequence")), Predictor(graph("sequence"))
    images, _ = examples(NETWORKS["sequence"], 9)
    before, one = untouched.predict(images).outputs, untouched(images[0]).copy()
    state = predictor.state
    state["dense2.bias"] = state["dense2.bias"] + MORE
    assert predictor.predict(images).outputs == pytest.approx(before + MORE, abs=1e-6)
    assert predictor(images[0]) == pytest.approx(one + MORE, abs=1e-6)
    state["dense2.weights"] = -state["dense2.weights"]
    state["dense2.bias"] = [0.0, 0.0]
    bias = untouched.state["dense2.bias"]
    assert predictor.predict(images).outputs == pytest.approx(bias - before, abs=1e-6)
    predictor.state["dense2.weights"] = untouched.state["dense2.weights"]
    predictor.state["dense2.bias"] = bias
    assert np.array_equal(predictor.predict(images).outputs, before)
    assert np.array_equal(untouched.predict(images).outputs, before), "the graph that it was made of is as it was"


def test_changed_signs_and_thresholds_predict_accordingly() -> None:
    predictor = Predictor(graph("sequence"))
    images, _ = examples(NETWORKS["sequence"], 9)
    expected, state = predictor.predict(images).outputs, predictor.state
    weights, least = state["binary_conv1d2.weights"], state["batch_norm2.least"]
    state["binary_conv1d2.weights"] = -weights
    assert not np.allclose(predictor.predict(images).outputs, expected)
    state["batch_norm2.least"] = np.full_like(least, -(2**30))
    always = predictor.predict(images).outputs
    state["binary_conv1d2.weights"] = weights
    assert np.array_equal(predictor.predict(images).outputs, always), "all signs are +1, whatever the weights"
    state["batch_norm2.least"] = least
    assert np.array_equal(predictor.predict(images).outputs, expected)


def test_fractions_of_integer_thresholds_mean_the_next_integer() -> None:
    predictor = Predictor(graph("cell"))
    state = predictor.state
    least = state["node3.least"]
    assert least.dtype == np.int32
    state["node3.least"] = least - 0.5
    assert np.array_equal(predictor.state["node3.least"], least), "y >= t - 1/2 is y >= t"
    state["node3.least"] = np.full(least.shape, 1e12)
    assert predictor.state["node3.least"].min() > 0, "held within the range of integers"
    check(predictor.graph)


WRONG = {
    "unknown": ("dense1.weight", 0.0, r"no parameter of cell is called 'dense1.weight'; .*did you mean dense1.weights"),
    "another shape": ("conv2d1.bias", np.zeros((1, 6)), r"conv2d1.bias of cell has shape \(6,\), not \(1, 6\)"),
    "nan": ("conv2d1.bias", [np.nan] * 6, "conv2d1.bias is given what is no number, must be finite numbers"),
    "beyond f32": ("conv2d1.bias", [1e300] * 6, "conv2d1.bias is given what is no number, must be finite numbers"),
    "text": ("conv2d1.bias", "much", "conv2d1.bias is given str, must be numbers"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_changes_nothing(what: str) -> None:
    name, values, reason = WRONG[what]
    predictor = Predictor(graph("cell"))
    with pytest.raises(SpecError, match=reason):
        predictor.state[name] = values  # type: ignore[assignment]  # on purpose
    with pytest.raises(SpecError, match=reason):
        predictor.state.update({"conv2d2.bias": np.ones(8), name: values})
    assert predictor.graph is graph("cell"), "all or nothing"
    with pytest.raises(SpecError, match=r"conv2d1\.bias cannot be deleted"):
        del predictor.state["conv2d1.bias"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_without_weights_has_the_same_program(network):
    """By which times are estimated: nothing of a program depends on what weights and norms are."""
    own = compile_inference(untrained_graph(NETWORKS[network], lc.lean), 2).program
    assert compile_inference(blank(NETWORKS[network].graph), 2).program == own
