"""What is said of data before they are trained on."""

import numpy as np
import pytest

from linocut.data import ArrayDataset, Summary, load, take
from linocut.data.summary import left_out_of_epochs

RANDOM = np.random.default_rng(4)


def examples(labels, classes):
    labels = np.array(labels, np.int32)
    return ArrayDataset(RANDOM.integers(0, 256, (len(labels), 4, 4), np.uint8), labels, classes, "mine")


def test_every_class_is_counted():
    train, test = examples([0, 0, 2] * 5, "abc"), examples([0, 2], "abc")
    found = Summary.of(train, test)
    assert (found.train, found.test) == ((10, 0, 5), (1, 0, 1))
    assert str(found) == "mine: to train on a 10, b 0, c 5; to test on a 1, b 0, c 1; images 4 x 4 in grey"
    assert list(found.few()) == [
        "few examples to train on, fewer than 10: b 0, c 5",
        "no examples to test on: b",
    ]
    assert Summary.of(take(train, 2), take(test, 1)).train == (2, 0, 0)


def test_of_many_classes_the_smallest_and_the_largest_are_named():
    names = [str(number) for number in range(200)]
    text = str(Summary.of(examples([*range(200), 7] * 10, names), examples([0], names)))
    assert text.startswith(
        "mine: to train on 200 classes of 10 (0) to 20 (7); to test on 200 classes of 0 (1) to 1 (0)"
    )


def test_a_line_has_the_smallest_and_the_largest_class():
    test = examples([0, 1], "ab")
    assert list(Summary.of(examples([0, 1, 1], "ab"), test).range_of_classes()) == ["2 classes of 1 (a) to 2 (b)"]
    assert list(Summary.of(examples([0, 1], "ab"), test).range_of_classes()) == ["2 classes of 1"]


def test_targets_have_no_classes():
    data = ArrayDataset(np.zeros((3, 5), np.float32), np.zeros(3), name="numbers", numbers=True)
    assert data.labels is None and take(data, 2).labels is None and take(data, 2).targets == 1
    assert (Summary.of(data, data).train, list(Summary.of(data, data).few())) == (None, [])


def test_digits():
    found = Summary.of(*load("digits"))
    assert (sum(found.train or ()), sum(found.test or ())) == (1500, 297)
    assert list(found.few()) == []


@pytest.mark.parametrize(("examples", "batch", "left"), [(100, 10, 0), (103, 10, 3), (9, 10, 0), (10, 10, 0)])
def test_epochs_leave_out_what_fills_no_batch(examples, batch, left):
    text = left_out_of_epochs(examples, batch)
    assert text is None if not left else text.startswith(f"an epoch leaves out {left} of {examples} examples")
