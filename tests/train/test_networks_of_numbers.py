"""Networks without binary weights, regression, and one output for two classes: trained, saved, resumed and loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.errors import DataError
from linocut.layers import (
    Add,
    BatchNorm,
    BinaryDense,
    Conv1D,
    Dense,
    GlobalAveragePool,
    Input,
    MeanSquaredError,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.ops.bits import Array
from linocut.policies import POLICIES

COUNT, BATCH, EPOCHS = 64, 16, 6
REGRESSION = Network(
    "regression",
    (
        *(Input((4,), "f32"), Dense(16, bias=True), Tanh().named("x"), Dense(16, bias=True), ReLU().named("y")),
        *(Add().after("x", "y"), Dense(2, bias=True), MeanSquaredError()),
    ),
)
CLASSIFIER = Network(
    "classifier",
    (
        *(Input((7, 2), "f32"), Conv1D(8, bias=True), BatchNorm(scale=True), ReLU(), GlobalAveragePool()),
        *(Dense(3, bias=True), SoftmaxCrossEntropy()),
    ),
)
ONE = Network(
    "one",
    (Input((4,), "f32"), BinaryDense(24), BatchNorm(), ReLU(), Dense(1, bias=True), SigmoidCrossEntropy()),
)


def regression() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (COUNT, 4)).astype(np.float32)
    return x, np.stack([x[:, 0] - 0.5 * x[:, 1], 0.3 + x[:, 2] * x[:, 3]], axis=1)


def sequences() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, COUNT)
    waves = np.sin(np.arange(7)[None, :, None] * (1 + labels[:, None, None]) + rng.uniform(0, 6, (COUNT, 1, 2)))
    return (0.9 * waves).astype(np.float32), labels


def two_classes() -> tuple[Array, Array]:
    x = np.random.default_rng(0).uniform(-1, 1, (COUNT, 4)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] > 0).astype(np.int64)


def trainer(network: Network, policy: str, optimizer: lc.Optimizer | str = "adam", **settings: object) -> lc.Trainer:
    own = lc.Adam(0.02) if optimizer == "adam" else optimizer
    return lc.Trainer(network, policy, own, BATCH, seed=1, threads=1, **settings)


@pytest.mark.parametrize(
    ("network", "data"), [(REGRESSION, regression()), (CLASSIFIER, sequences())], ids=lambda x: getattr(x, "name", "")
)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_network_without_binary_weights_trains_and_is_kept(
    policy: str, network: Network, data: tuple[Array, Array], tmp_path: Path
) -> None:
    assert all(node.cost.binary_parameters == 0 for node in network.graph.nodes)
    whole = trainer(network, policy)
    history = whole.fit(data, EPOCHS, validate=data)
    assert history[-1].loss < 0.6 * history[0].loss
    assert [event.flip_ratio for event in history] == [0.0] * EPOCHS
    trainer(network, policy).fit(data, EPOCHS // 2, validate=data, out=tmp_path / "run")
    resumed = lc.Trainer.resume(tmp_path / "run", threads=2)
    resumed.fit(data, EPOCHS, validate=data)
    assert resumed.session.state_sha256() == whole.session.state_sha256()
    images = data[0]
    loaded, expected = lc.load(tmp_path / "run").predict(images), whole.predict(images)
    assert np.abs(loaded.outputs - expected.outputs).max() <= (0.0 if policy.startswith("lean") else 5e-3)


@pytest.mark.parametrize("optimizer", ["adam", lc.SGD(0.05, nesterov=True, weight_decay=1e-4), lc.Bop(0.02)])
@pytest.mark.parametrize("policy", POLICIES)
def test_regression(policy: str, optimizer: lc.Optimizer | str) -> None:
    """There is nothing to be right about: outputs come near their targets."""
    x, targets = regression()
    own = trainer(REGRESSION, policy, optimizer)
    history = own.fit((x, targets), 5 * EPOCHS, validate=(x, targets))
    assert [(event.train_accuracy, event.accuracy) for event in history] == [(None, None)] * len(history)
    found, predicted = own.evaluate((x, targets)), own.predict(x)
    assert found.accuracy is None and found.examples == COUNT
    assert found.loss < 0.2 * np.var(targets) and found.loss < 0.3 * history[0].loss
    assert predicted.outputs.shape == (COUNT, 2) and predicted.outputs.dtype == np.float32
    assert np.mean((predicted.outputs - targets) ** 2) == pytest.approx(found.loss, rel=1e-4)
    assert not predicted.classes.any() and (predicted.confidences == 1).all()
    single = own.inference_graph()
    assert single.classes == 0


def test_regression_of_one_number_takes_a_vector_of_targets() -> None:
    x, targets = regression()
    network = Network("one number", (Input((4,), "f32"), Dense(8, bias=True), Tanh(), Dense(1), MeanSquaredError()))
    own, other = trainer(network, "lean"), trainer(network, "lean")
    own.fit((x, targets[:, 0]), 2)
    other.fit((x, targets[:, :1]), 2)
    assert own.session.state_sha256() == other.session.state_sha256()
    whole = trainer(network, "lean")
    whole.fit((x, np.arange(COUNT)), 1)  # whole numbers are targets too


def test_truths_that_do_not_fit_are_refused() -> None:
    x, targets = regression()
    with pytest.raises(DataError, match=r"has 1 targets, network regression takes 2 of an example; give as many"):
        trainer(REGRESSION, "lean").fit((x, targets[:, 0]), 1)
    with pytest.raises(DataError, match="target 1 of example 3 is nan, must be a finite float32"):
        trainer(REGRESSION, "lean").fit((x, np.where(np.arange(2 * COUNT).reshape(-1, 2) == 7, np.nan, targets)), 1)
    with pytest.raises(DataError, match="labels have dtype float64, must be integers"):
        trainer(CLASSIFIER, "lean").fit((sequences()[0], sequences()[1].astype(float)), 1)
    with pytest.raises(DataError, match="label of example 0 is 2, must be 0 to 1"):
        trainer(ONE, "lean").fit((x, np.full(COUNT, 2)), 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_one_output_learns_two_classes(policy: str, tmp_path: Path) -> None:
    x, labels = two_classes()
    own = trainer(ONE, policy)
    history = own.fit((x, labels), 3 * EPOCHS, validate=(x, labels), out=tmp_path / "run")
    assert history[-1].accuracy is not None and history[-1].accuracy > 0.8
    assert history[-1].loss < 0.6 * history[0].loss
    found, loaded = own.predict(x), lc.load(tmp_path / "run")
    assert set(np.unique(found.classes)) == {0, 1} and (found.confidences >= 0.5).all()
    assert (found.classes == labels).mean() == own.evaluate((x, labels)).accuracy == history[-1].accuracy
    assert np.array_equal(found.classes, (found.outputs[:, 0] >= 0).astype(int))
    assert (loaded.predict(x).classes == found.classes).mean() > 0.95
    assert loaded.classes == ("0", "1") and loaded.class_name(1) == "1"
    floats = trainer(ONE, policy)
    floats.fit((x, labels.astype(np.float32)), 1)
    whole = trainer(ONE, policy)
    whole.fit((x, labels), 1)
    assert floats.session.state_sha256() == whole.session.state_sha256(), "targets 0.0 and 1.0 are labels 0 and 1"
