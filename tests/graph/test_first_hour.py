"""What a new user writes: NumPy's numbers as settings, lists of names, states with defaults, other kinds of labels."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.layers import (
    BatchNorm,
    BinaryDense,
    Concat,
    Conv1D,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Input,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.plan.comparison import comparison

X = np.random.default_rng(0).uniform(-1, 1, (40, 6)).astype(np.float32)
LABELS = np.arange(40) % 3


def classifier(*, several: bool = False) -> Network:
    loss = SigmoidCrossEntropy() if several else SoftmaxCrossEntropy()
    return Network("own", (Input((6,), "f32"), Dense(8), BatchNorm(), ReLU().named("middle"), Dense(3), loss))


def test_numbers_of_numpy_are_settings() -> None:
    """Settings are typed as Python's numbers, and NumPy's are taken all the same: hence the ignored types."""
    plain = Input((4,), "f32", -1.5, 2.0)
    assert Input(np.array([4]), "f32", np.float32(-1.5), np.float32(2)) == plain
    assert Dense(np.int64(3)) == Dense(3)
    assert Conv2D(np.int32(3), [3, np.int64(2)]) == Conv2D(3, (3, 2))
    weights = SoftmaxCrossEntropy(class_weights=np.array([1.0, 2.0]))
    assert weights == SoftmaxCrossEntropy(class_weights=(1.0, 2.0)) and hash(weights)
    assert lc.SGD(np.float64(0.5), np.float32(0.5)) == lc.SGD(0.5, 0.5)
    trainer = lc.Trainer(classifier(), batch_size=np.int64(20), seed=np.int32(3))
    assert (trainer.settings.batch_size, trainer.settings.seed) == (20, 3)
    with pytest.raises(lc.SpecError, match=re.escape("dense units is 2.5, must be a whole number")):
        Dense(np.float32(2.5))


def test_names_in_a_list_are_refused_where_they_are_written() -> None:
    with pytest.raises(
        lc.SpecError, match=r"a concat is after \['left', 'right'\], must be names, as in \.after\('left', "
    ):
        Concat().after(["left", "right"])


def test_states_have_default_values() -> None:
    trainer = lc.Trainer(classifier(), batch_size=20)
    predictor = lc.Predictor(trainer.inference_graph())
    for state in (trainer.state, trainer.state.moments, predictor.state):
        assert "nothing" not in state
        assert state.get("nothing") is None and state.get("nothing", 3) == 3
    assert np.array_equal(trainer.state.get("dense1.weights"), trainer.state["dense1.weights"])
    assert "dense1.weights (8, 1, 1, 6)" in str(trainer.state)
    assert str(predictor.state).splitlines()[0].startswith("dense1.weights (")


@pytest.mark.parametrize("factor", [3.0, -1.0])
def test_targets_beyond_a_probability_are_refused(factor: float) -> None:
    trainer = lc.Trainer(classifier(several=True), batch_size=20)
    before = trainer.session.state_sha256()
    targets = np.eye(3)[LABELS]
    targets[7] *= factor
    with pytest.raises(lc.DataError, match=rf"a target of example 7 is {factor}, must be 0 to 1"):
        trainer.fit((X, targets), epochs=1)
    assert trainer.session.state_sha256() == before


@pytest.mark.parametrize("policy", ["lean", "lean8"])
def test_values_out_of_range_are_found_before_the_first_step(policy: str) -> None:
    trainer = lc.Trainer(classifier(), policy, batch_size=20)
    before = trainer.session.state_sha256()
    odd = X.copy()
    odd[33, 2] = 9.0
    for data in ({"train": (odd, LABELS)}, {"train": (X, LABELS), "validate": (odd, LABELS)}):
        with pytest.raises(lc.DataError, match=r"a value of example 33 is 9\.0, must be -1\.0 to 1\.0"):
            trainer.fit(**data, epochs=1)
        assert trainer.session.state_sha256() == before


@pytest.mark.parametrize(
    ("labels", "mend"),
    [
        (np.eye(3)[LABELS], r"of one-hot labels take labels\.argmax\(axis=1\)"),
        (np.array(["a", "b", "c"])[LABELS], "must be class numbers from 0; number the classes"),
    ],
)
def test_labels_of_other_kinds_come_with_a_mend(labels: np.ndarray, mend: str) -> None:
    with pytest.raises(lc.DataError, match=mend):
        lc.Trainer(classifier(), batch_size=20).fit((X, labels), epochs=1)


def test_shapes_are_named_as_they_were_given() -> None:
    layers = (Conv1D(3), GlobalAveragePool(), Dense(2), SoftmaxCrossEntropy())
    sequences = Network("own", (Input((8, 2)), *layers))
    with pytest.raises(lc.DataError, match="examples of shape 2 x 8, network own takes 8 x 2"):
        lc.Trainer(sequences, batch_size=4).predict(np.zeros((4, 2, 8), np.uint8))


def test_predicting_and_capturing_take_data_sets_and_one_name() -> None:
    train, _ = lc.data.load("digits")
    trainer = lc.Trainer(lc.models.mlp(train.shape, hidden=(16,)), batch_size=50)
    some = lc.data.take(train, 30)
    assert trainer.predict(some).classes.shape == (30,)
    found = trainer.capture(some, "sign1")
    assert {name: values.shape for name, values in found.items()} == {"sign1": (30, 16)}
    assert lc.Predictor(trainer.inference_graph()).predict(some).outputs.shape == (30, 10)


def test_numbers_of_numpy_where_training_and_predicting_are_told_something(tmp_path: Path) -> None:
    one = np.int64(1)
    trainer = lc.Trainer(classifier(), batch_size=20, threads=one)
    trainer.fit((X, LABELS), epochs=one, save_every=one, out=tmp_path / "run")
    predictor = lc.load(tmp_path / "run", batch_size=np.int32(7), threads=one)
    assert predictor.predict(X).outputs.shape == (40, 3)
    with pytest.raises(lc.SpecError, match=r"epochs is 1\.5, must be"):
        trainer.fit((X, LABELS), epochs=np.float32(1.5))


def test_names_and_callbacks_that_are_none() -> None:
    with pytest.raises(lc.SpecError, match=r"the name of a dense is 3, must be a text, as in \.named\('left'\)"):
        Dense(3).named(3)
    with pytest.raises(lc.SpecError, match=r"callbacks are .*, must be a list of functions"):
        lc.Trainer(classifier(), batch_size=20).fit((X, LABELS), callbacks=print)
    assert lc.Predictor(lc.Trainer(classifier()).inference_graph(), ("a", "b", "c")).class_name(-1) == "-1"


def test_a_network_that_multiplies_nothing_is_planned_and_compared() -> None:
    network = Network("own", (Input((4,), "f32"), BatchNorm(), SoftmaxCrossEntropy()))
    for account in ("arena", "paper"):
        assert lc.plan(network, account=account).total_bytes > 0
    assert str(comparison(network, lc.Adam(), 100))


@pytest.mark.parametrize("policy", ["standard", "wang2021", "lean"])
def test_capturing_is_predicting_with_micro_batches_too(policy: str) -> None:
    network = Network("own", (Input((6,), "f32"), BinaryDense(16), BatchNorm(), Dense(3), SoftmaxCrossEntropy()))
    trainer = lc.Trainer(network, policy, batch_size=20, micro_batch=4)
    trainer.fit((X, LABELS), epochs=8)
    found = trainer.capture(X, "dense1")["dense1"]
    tolerance = 0.02 if policy == "wang2021" else 0.0  # which keeps these numbers in f16
    assert np.allclose(found, trainer.predict(X).outputs, rtol=0, atol=tolerance)


def test_thresholds_of_large_numbers() -> None:
    """Such as seconds since 1970 as inputs: beyond what a threshold of integers may be."""
    layers = (BinaryDense(16), BatchNorm(), Sign(), BinaryDense(3), BatchNorm(), SoftmaxCrossEntropy())
    trainer = lc.Trainer(Network("own", (Input((6,), "f32", 0, 1e12), *layers)), "standard", batch_size=20)
    large = ((X + 3) * 1e10).astype(np.float32)
    trainer.fit((large, LABELS), epochs=3)
    predictor = lc.Predictor(trainer.inference_graph())
    assert np.abs(predictor.state["sign1.least"]).max() > 2.0**30
    assert np.array_equal(predictor.predict(large).classes, trainer.predict(large).classes)
