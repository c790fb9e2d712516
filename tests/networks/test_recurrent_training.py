"""Recurrent networks as they are trained and used: threads, micro-batches, retained gates, prediction, labels."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.data.arrays import ArrayDataset
from linocut.errors import SpecError
from linocut.layers import (
    CTC,
    GRU,
    LSTM,
    BlockCirculantDense,
    Network,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import Array
from linocut.policies import Policy
from linocut.run.best_path import best_path
from linocut.run.label_count import edit_distance
from linocut.run.label_errors import label_errors

STEPS, FEATURES, CLASSES, BATCH = 7, 5, 3, 20
ENDS = (SequencePool(), BlockCirculantDense(CLASSES), SoftmaxCrossEntropy())
BOTH = Network("both", (SequenceInput((STEPS, FEATURES)), LSTM(8, 4, True, 4, True), GRU(8, 2), *ENDS))


def examples(count: int, seed: int = 0) -> tuple[Array, Array]:
    """Sequences of some lengths, one feature of which is larger."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, count)
    x = rng.normal(0, 0.5, (count, STEPS, FEATURES)).astype(np.float32)
    x[np.arange(count), :, labels] += 1.0
    for one, length in zip(x, rng.integers(2, STEPS + 1, count).tolist(), strict=True):
        one[length:] = 0
    return x, labels


def trained(policy: Policy | str = "standard", threads: int = 1, micro_batch: int | None = None) -> lc.Trainer:
    """After an epoch."""
    adam = lc.Adam(0.02)
    trainer = lc.Trainer(BOTH, policy, adam, BATCH, seed=1, threads=threads, micro_batch=micro_batch)
    trainer.fit(examples(100), epochs=1)
    return trainer


def test_threads_do_not_change_a_bit() -> None:
    states = [trained(threads=threads).session.state_sha256() for threads in (1, 3)]
    assert states[0] == states[1]


def test_micro_batches_come_to_the_same_weights() -> None:
    whole, parts = trained(), trained(micro_batch=5)
    for name in whole.state:
        assert np.abs(whole.state[name] - parts.state[name]).max() < 2e-3, name


@pytest.mark.parametrize(("gates", "within"), [("again", 0.0), ("q15", 2e-3), ("q7", 0.2)])
def test_gates_may_be_kept_in_few_bits_or_formed_again(gates: str, within: float) -> None:
    plain, other = trained(), trained(lc.standard.replace(gates=gates))
    worst = max(float(np.abs(plain.state[name] - other.state[name]).max()) for name in plain.state)
    assert worst <= within
    assert other.compiled.program.arena_bytes < plain.compiled.program.arena_bytes or gates == "q15"


@pytest.mark.parametrize("policy", ["standard", "wang2021", "lean"])
def test_it_learns_under_every_family_of_policies_and_predicts_what_it_learned(policy: str, tmp_path: Path) -> None:
    trainer = lc.Trainer(BOTH, policy, lc.Adam(0.02), BATCH, seed=1, threads=1)
    trainer.fit(examples(200), epochs=6, test=examples(60, 1), out=tmp_path / "run")
    assert trainer.evaluate(examples(60, 1)).accuracy > 0.85
    predictor = lc.load(tmp_path / "run", threads=1)
    x, _ = examples(9, 2)
    found, own = predictor.predict(x).outputs, trainer.predict(x).outputs
    assert np.array_equal(found, own) if policy != "wang2021" else np.abs(found - own).max() < 0.05  # in 16 bits
    with pytest.raises(SpecError, match="goes backwards, from a sequence's last frame"):
        lc.export(predictor, "c", out=tmp_path / "c")


def test_what_is_behind_the_end_takes_no_part() -> None:
    trainer = trained()
    x, _ = examples(4, 3)
    x[:, 4:] = 0
    network = Network("both", (SequenceInput((4, FEATURES)), *BOTH.layers[1:]))
    shorter = lc.Trainer(network, "standard", lc.Adam(), BATCH, seed=1, threads=1)
    shorter.state.update({name: trainer.state[name] for name in trainer.state})
    assert np.array_equal(shorter.predict(x[:, :4]).outputs, trainer.predict(x).outputs)


def test_labels_without_places_are_learned(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (120, 2))
    x = np.zeros((120, 8, 3), np.float32)
    for one, labels in zip(x, truth, strict=True):
        one[:, 2] = 1.0
        one[1, labels[0]] = one[5, labels[1]] = 2.0
    network = Network("labels", (SequenceInput((8, 3)), LSTM(8, 4), BlockCirculantDense(3), CTC(2)))
    trainer = lc.Trainer(network, "standard", lc.Adam(0.03), 20, threads=1)
    given = ArrayDataset(x, truth.astype(np.float32), ("a", "b"), "labels", shape=(8, 3), numbers=True)
    trainer.fit(given, epochs=25, out=tmp_path / "run")
    assert trainer.evaluate(given).loss < 0.2
    predictor = lc.load(tmp_path / "run", threads=1)
    assert predictor.evaluate(given).loss == pytest.approx(trainer.evaluate(given).loss, rel=1e-6)
    assert predictor.classes == ("a", "b")
    errors = label_errors(predictor, given)
    assert errors.labels == 240 and errors.rate < 0.05 and errors.right > 110


def test_distances_are_the_fewest_changes() -> None:
    def brute(a: tuple[int, ...], b: tuple[int, ...]) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(brute(a[1:], b) + 1, brute(a, b[1:]) + 1, brute(a[1:], b[1:]) + (a[0] != b[0]))

    texts = [text for size in range(4) for text in product(range(2), repeat=size)]
    assert all(edit_distance(a, b) == brute(a, b) for a in texts for b in texts)
    logits = np.eye(3, dtype=np.float32)[[0, 0, 2, 0, 1, 1, 2, 2]]
    assert best_path(logits) == [0, 0, 1]


def test_the_examples_of_a_step_go_by_their_lengths() -> None:
    from linocut.train.upcoming import by_length

    found = by_length(np.array([4, 0, 3, 1, 2]), np.array([7, 9, 1, 5, 7]), 3)
    assert found.tolist() == [4, 0, 3, 1, 2]
    assert by_length(np.array([2, 3, 1, 0]), np.array([7, 9, 1, 5]), 2).tolist() == [3, 2, 1, 0]
