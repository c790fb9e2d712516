"""Sequences and labels that cannot be trained on are refused in a line, before anything is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.errors import DataError
from linocut.layers import (
    CTC,
    LSTM,
    BlockCirculantDense,
    Input,
    Network,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import Array

STEPS, FEATURES, CLASSES = 6, 3, 3  # of which the last is the blank


def network(labels: int = 4, *, own_lengths: bool = True) -> Network:
    given = SequenceInput((STEPS, FEATURES)) if own_lengths else Input((STEPS, FEATURES), "f32")
    return Network("read", (given, LSTM(4, 2), BlockCirculantDense(CLASSES), CTC(labels)))


def examples(count: int = 300) -> tuple[Array, Array]:
    """Sequences of five steps, and the labels 0, 1."""
    x = np.random.default_rng(0).standard_normal((count, STEPS, FEATURES)).astype(np.float32)
    x[:, 5] = 0
    return x, np.tile(np.array([0, 1, -1, -1], np.float32), (count, 1))


def fitted(x: Array, y: Array, out: Path, net: Network | None = None) -> None:
    lc.Trainer(net or network(), "standard", batch_size=50, threads=1).fit((x, y), epochs=1, out=out)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ((2, 0, -1, -1), "label 0 is 2, must be 0 to 1, as the last class is the blank, and -1 behind the last label"),
        ((0, 7, -1, -1), "label 1 is 7, must be 0 to 1, and -1 behind"),
        ((0.5, -1, -1, -1), r"label 0 is 0\.5, must be 0 to 1"),
        ((0, -1, 1, -1), "label 1 is -1, must be 0 to 1"),
        ((0, -2, -1, -1), "label 1 is -2, must be 0 to 1"),
        ((0, 0, 1, 1), "has 5 frames for 4 labels, must have 6; leave it out"),
    ],
)
def test_labels_that_no_path_reads_as_are_refused(tmp_path: Path, labels: tuple[float, ...], message: str) -> None:
    x, y = examples()
    y[260] = labels
    with pytest.raises(DataError, match=f"arrays: example 260:? ?{message}"):
        fitted(x, y, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_labels_that_just_fit_and_none_at_all_are_taken(tmp_path: Path) -> None:
    x, y = examples(50)
    y[0], y[1], y[2] = (0, 0, 1, -1), (0, 1, 0, 1), -1
    fitted(x, y, tmp_path / "run")
    assert np.isfinite(lc.load(tmp_path / "run", threads=1).evaluate((x, y)).loss)


def test_steps_of_an_input_all_count(tmp_path: Path) -> None:
    x, y = examples(50)
    y[0] = (0, 0, 1, 1)
    fitted(x, y, tmp_path / "run", network(own_lengths=False))
    with pytest.raises(DataError, match="example 0 has 6 frames for 5 labels, must have 8"):
        fitted(x, np.pad(y, ((0, 0), (0, 1)), constant_values=1), tmp_path / "other", network(5, own_lengths=False))


def test_empty_sequences_are_refused_in_training_and_in_validation(tmp_path: Path) -> None:
    x, _ = examples(60)
    layers = SequenceInput((STEPS, FEATURES)), LSTM(4, 2), SequencePool(), BlockCirculantDense(3), SoftmaxCrossEntropy()
    net, y = Network("told", layers), np.arange(60) % 3
    empty = x.copy()
    empty[7] = 0
    with pytest.raises(DataError, match="example 7 is an empty sequence, as all its steps are zeros; leave it out"):
        fitted(empty, y, tmp_path / "run", net)
    with pytest.raises(DataError, match="example 7 is an empty sequence"):
        lc.Trainer(net, "standard", batch_size=10, threads=1).fit((x, y), epochs=1, validation=(empty, y))
