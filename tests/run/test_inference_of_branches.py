"""Branched networks of every layer, trained a little under every policy, predict alike in training and when loaded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from branched import NETWORKS, NODES_OF_OTHERS, OPTIMIZERS, examples
from node_values import node_values

import linocut as lc
from linocut import _native
from linocut.compile.inference import compile_inference
from linocut.errors import SpecError
from linocut.export import packed
from linocut.graph.inference import FLOATS, KINDS, PLANES, SIGNS, InferenceGraph
from linocut.layers.kinds import BITS, BITS_OF, LEVELS_2, LEVELS_4
from linocut.ops.levels import largest
from linocut.policies import POLICIES
from linocut.run import REFERENCE
from linocut.run.predict import Predictor
from linocut.run.session import ISA_VARIABLE

COUNT, BATCH = 31, 6  # the last batch is not whole
CLOSE = {"standard": 1e-5, "wang2021": 5e-3, "lean": 0.0, "lean8": 0.0, "lean4": 0.0}  # of outputs near 1
FLIPPED = {"wang2021": 0.3}  # the largest, where an x that f16 rounds may be on the other side of 0
LEVELS_FLIPPED = 0.1  # the mean, where there are many boundaries to be on the other side of


@cache
def trained(network: str, policy: str, optimizer: str = "adam") -> tuple[lc.Trainer, InferenceGraph]:
    trainer = lc.Trainer(NETWORKS[network], policy, OPTIMIZERS[optimizer], BATCH, threads=1)
    trainer.fit(examples(NETWORKS[network], COUNT), epochs=2)
    return trainer, trainer.inference_graph()


def test_every_kind_of_node_occurs() -> None:
    kinds = {node.kind for network in NETWORKS for node in trained(network, "lean")[1].nodes}
    assert kinds == set(KINDS) - NODES_OF_OTHERS


@pytest.mark.parametrize("optimizer", ["adam", "bop"])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_training_and_its_inference_graph_predict_alike(network: str, policy: str, optimizer: str) -> None:
    trainer, graph = trained(network, policy, optimizer)
    images, truth = examples(NETWORKS[network], COUNT)
    before = trainer.session.state_sha256()
    expected, found = trainer.predict(images), Predictor(graph, batch_size=7).predict(images)
    assert trainer.session.state_sha256() == before
    assert found.outputs.shape == (COUNT, NETWORKS[network].graph.outputs)
    assert np.std(found.outputs, axis=0).min() > 0.01, "outputs depend on examples"
    error, close, most = np.abs(found.outputs - expected.outputs), CLOSE[policy], FLIPPED.get(policy, CLOSE[policy])
    if (network, policy) == ("levels", "wang2021"):
        close, most = LEVELS_FLIPPED, np.inf
    assert error.mean() <= close and error.max() <= most
    assert (found.classes == expected.classes).mean() >= (1.0 if policy != "wang2021" else 0.9)
    one, other = Predictor(graph, batch_size=7).evaluate((images, truth)), trainer.evaluate((images, truth))
    assert one.examples == other.examples == COUNT
    if network != "cell":  # whose loss is weighted and smoothed; of a loaded network it is plain
        assert one.loss == pytest.approx(other.loss, abs=1e-12 + close)
    if policy != "wang2021":
        assert one.accuracy == other.accuracy
    assert (one.accuracy is None) == (network == "real")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_instruction_set_gives_what_the_reference_gives(
    network: str, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, graph = trained(network, policy)
    images, _ = examples(NETWORKS[network], COUNT)
    expected = Predictor(graph, batch_size=COUNT, backend=REFERENCE).predict(images).outputs
    for isa in _native.isas():
        monkeypatch.setenv(ISA_VARIABLE, isa)
        for threads in (1, 3):
            found = Predictor(graph, batch_size=8, threads=threads).predict(images)
            assert found.outputs.tobytes() == expected.tobytes(), (isa, threads)
        alone = Predictor(graph)
        assert np.array([alone(image).copy() for image in images]).tobytes() == expected.tobytes(), isa


@pytest.mark.parametrize("policy", ["lean", "wang2021"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_saved_graph_is_the_same(network: str, policy: str, tmp_path: Path) -> None:
    _, graph = trained(network, policy)
    names = tuple(f"class {number}" for number in range(graph.classes))
    packed.save(tmp_path / packed.NAME, packed.PackedModel(graph, names, "own"))
    model = packed.read(tmp_path / packed.NAME)
    assert (model.classes, model.data) == (names, "own")
    assert (model.graph.name, model.graph.classes) == (graph.name, graph.classes)
    for one, other in zip(model.graph.nodes, graph.nodes, strict=True):
        assert type(one) is type(other)
        assert one.arrays().keys() == other.arrays().keys()
        for part, array in one.arrays().items():
            assert array.dtype == getattr(other, part).dtype and np.array_equal(array, getattr(other, part))
        settings = [{k: v for k, v in vars(node).items() if k not in node.tensors} for node in (one, other)]
        assert settings[0] == settings[1]
    images, _ = examples(NETWORKS[network], COUNT)
    loaded = lc.load(tmp_path, batch_size=9)
    assert loaded.predict(images).outputs.tobytes() == Predictor(graph).predict(images).outputs.tobytes()
    assert loaded.class_name(0) == (names[0] if names else "0")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_nodes_give_what_the_layers_of_their_names_give(network: str, policy: str) -> None:
    """Products are integers there, in training they may be scaled or divided; a threshold before a pool is no norm."""
    trainer, graph = trained(network, policy)
    images, _ = examples(NETWORKS[network], 5)
    found = node_values(graph, images, "native")
    for name, values in node_values(graph, images, REFERENCE).items():
        assert np.array_equal(values, found[name]), name
    layers = trainer.network.graph.by_name
    shared = [
        node.name
        for node in graph.nodes
        if node.name in layers
        and node.gives in (FLOATS, *PLANES)
        and (node.gives == SIGNS) == (layers[node.name].output.kind == BITS)
    ]
    assert len(shared) > 0.5 * len(layers) - 1
    for name, values in trainer.capture(images, shared).items():
        assert values.shape == found[name].shape
        if layers[name].output.kind in (LEVELS_2, LEVELS_4):
            values = values * largest(BITS_OF[layers[name].output.kind])
        if POLICIES[policy].integer:
            assert np.array_equal(values, found[name]), name
        elif policy == "standard":
            assert np.abs(values.astype(np.float64) - found[name]).max() <= 1e-5 * max(1.0, np.abs(values).max()), name


def test_capturing_an_unknown_node_is_refused() -> None:
    trainer, graph = trained("cell", "lean")
    with pytest.raises(SpecError, match=r"no layer of cell is called 'node8'; .*did you mean node"):
        compile_inference(graph, 1, capture=["node8"])
    with pytest.raises(SpecError, match=r"no layer of cell is called 'stm'; .*did you mean stem"):
        trainer.capture(examples(NETWORKS["cell"], 3)[0], ["stm"])
