"""--class-weights and --label-smoothing: what they make of the loss, and how they are resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from number_files import TABLE, features, kinds, numbers_table, write_table
from small_command import SMALL, objects

import linocut as lc
from linocut.data import ArrayDataset, balanced_weights
from linocut.layers import BatchNorm, BinaryDense, Input, SoftmaxCrossEntropy

pytestmark = pytest.mark.usefixtures("elsewhere")


def loss_of(run: str) -> SoftmaxCrossEntropy:
    loss = lc.Trainer.resume(run, backend="reference").network.loss
    assert isinstance(loss, SoftmaxCrossEntropy)
    return loss


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.array([0] * 50 + [1] * 30 + [3] * 4)
    dataset = ArrayDataset(np.zeros((84, 2), np.uint8), labels, "abcd")
    found = balanced_weights(dataset)
    assert found == pytest.approx((84 / 4 / 50, 84 / 4 / 30, 1, 84 / 4 / 4))
    utils = pytest.importorskip("sklearn.utils.class_weight")
    whole = balanced_weights(ArrayDataset(np.zeros((80, 2), np.uint8), labels[:80], "ab"))
    assert whole == pytest.approx(utils.compute_class_weight("balanced", classes=np.arange(2), y=labels[:80]))


def test_they_are_in_the_loss_and_go_on_with_the_run(linocut) -> None:
    command = ("train", *SMALL, "--class-weights", "balanced", "--label-smoothing", 0.1, "--out", "run", "--json")
    assert linocut(*command, "--epochs", 1)[0] == 0
    loss, train = loss_of("run"), lc.data.take(lc.data.load("digits")[0], 120)
    assert (loss.smoothing, loss.class_weights) == (0.1, balanced_weights(train))
    again = ("train", "--resume", "--out", "run", "--epochs", 2, "--json")
    assert linocut(*again, "--class-weights", "balanced", "--hidden", 16)[0] == 0
    whole = objects(linocut(*command[:-2], "whole", "--json", "--epochs", 2)[1])[-1]
    assert lc.Trainer.resume("run").session.state_sha256() == whole["weights_sha256"]
    status, _, err = linocut(*again, "--label-smoothing", 0.2)
    assert status == 2 and "holds a run of loss" in err and "smoothing=0.1" in err
    assert linocut("train", *SMALL, "--epochs", 1, "--out", "plain", "--json")[0] == 0
    assert loss_of("plain") == SoftmaxCrossEntropy()


def test_a_rare_class_is_told_more_often_where_classes_count_alike(linocut) -> None:
    x = features(3, 600)
    names = np.where(np.array(kinds(x)) == "heavy", "rare", "common")
    keep = (names == "common") | (np.arange(600) % 6 == 0)
    rows = [
        [*row, name] for row, name in zip((x + 0.4 * x.std(axis=0) * noise())[keep].tolist(), names[keep], strict=True)
    ]
    write_table(Path("things.csv"), ("a", "b", "c", "kind"), rows)
    command = ("train", "--data", "things.csv", "--label", "kind", *TABLE, "--hidden", "32,32", "--epochs", 15)
    told = {}
    for weights in ("1,1", "balanced"):
        assert linocut(*command, "--class-weights", weights, "--out", weights)[0] == 0
        answers = objects(linocut("predict", weights, "things.csv", "--json")[1])
        told[weights] = sum(one["class"] == "rare" for one in answers)
    assert told["balanced"] > 1.2 * told["1,1"]


def noise() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(600, 3))


def test_what_cannot_be_is_refused(linocut) -> None:
    numbers_table(Path("houses.csv"))
    for given, message in (
        (("--class-weights", "1,2"), "has 2 class weights for 10 classes; give one for each"),
        (("--class-weights", "many"), "'many' is not balanced, and no list of numbers such as 1,2.5"),
        (("--label-smoothing", "1.5"), "smoothing is 1.5, must be at least 0 and below 1"),
    ):
        status, _, err = linocut("train", *SMALL, *given)
        assert status == 2 and message in err, err
    command = ("train", "--data", "houses.csv", "--label", "price", "--task", "regression", *TABLE)
    status, _, err = linocut(*command, "--label-smoothing", 0.1)
    assert status == 2 and "are for classes, but network mlp ends in mean_squared_error; leave them out" in err
    numbers = ArrayDataset(np.zeros((4, 2), np.uint8), np.zeros(4), name="numbers", numbers=True)
    with pytest.raises(lc.DataError, match="the classes of numbers cannot be balanced: its examples have numbers"):
        balanced_weights(numbers)


def test_a_loss_that_is_wired_keeps_its_place() -> None:
    layers = (Input((4,)), BinaryDense(3), BatchNorm(), SoftmaxCrossEntropy().named("end"))
    network = lc.Network("wired", layers)
    other = network.with_loss(SoftmaxCrossEntropy(0.1))
    assert other.graph.nodes[-1].name == "end" and other.loss == SoftmaxCrossEntropy(0.1)
