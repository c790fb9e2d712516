import numpy as np
import pytest

import linocut as lc
from linocut.data import ArrayDataset, Dataset, hold_out, take
from linocut.data.held_out import HeldOut

LABELS = np.repeat(np.arange(5), (40, 25, 7, 2, 1))[np.random.default_rng(0).permutation(75)]


def numbered(labels=LABELS):
    """Examples that say their place."""
    return ArrayDataset(np.arange(len(labels), dtype=np.float32)[:, None], labels, "abcde"[: labels.max() + 1])


class Unlabelled(Dataset):
    """One whose labels are only read, as of files."""

    def __init__(self, dataset):
        self.name, self.shape, self.dtype, self.classes = dataset.name, dataset.shape, dataset.dtype, dataset.classes
        self._dataset = dataset

    def __len__(self):
        return len(self._dataset)

    def read(self, indices, images, labels):
        self._dataset.read(indices, images, labels)


def places(dataset):
    images, labels = np.empty((len(dataset), 1), np.float32), np.empty(len(dataset), np.int32)
    dataset.read(np.arange(len(dataset)), images, labels)
    assert labels.tolist() == LABELS[images[:, 0].astype(int)].tolist()
    return images[:, 0].astype(int).tolist()


@pytest.mark.parametrize(
    ("fraction", "counts"), [(0.1, [4, 3, 1, 1, 0]), (0.3, [12, 8, 2, 1, 0]), (0.99, [39, 24, 6, 1, 0])]
)
def test_holds_out_a_part_of_every_class(fraction, counts):
    """Both parts together are the data set, in its order; the only example of a class stays."""
    left, held = hold_out(numbered(), fraction, seed=3)
    assert np.bincount(LABELS[places(held)], minlength=5).tolist() == counts
    assert sorted(places(left) + places(held)) == list(range(75))
    for part in (left, held):
        assert places(part) == sorted(places(part))
        assert part.labels.tolist() == LABELS[places(part)].tolist()
        assert (part.classes, part.name) == (tuple("abcde"), "arrays")
    assert (held.fraction, held.of) == (fraction, 75)


def test_the_seed_decides_on_every_machine():
    """A change of these places changes what every run is validated on: a decision."""
    assert places(hold_out(numbered(), 0.1, seed=3)[1]) == [8, 12, 26, 34, 46, 48, 66, 69, 71]
    assert places(hold_out(numbered(), 0.1, seed=4)[1]) != places(hold_out(numbered(), 0.1, seed=3)[1])
    again = hold_out(Unlabelled(numbered()), 0.1, seed=3)
    assert places(again[1]) == places(hold_out(numbered(), 0.1, seed=3)[1])


def test_targets_have_no_classes():
    numbers = ArrayDataset(np.zeros((20, 3), np.float32), np.arange(20.0), numbers=True)
    left, held = hold_out(numbers, 0.25, seed=0)
    assert (len(left), len(held), held.targets) == (15, 5, 1)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, np.nan, True, "0.1", None])
def test_what_is_no_part_is_refused(fraction):
    with pytest.raises(lc.SpecError, match="must be a part of the training data above 0 and below 1"):
        hold_out(numbered(), fraction, seed=0)


def test_classes_of_one_example_each_are_refused():
    with pytest.raises(lc.DataError, match=r"no class of its 5 examples has two: all stay in training; add examples"):
        hold_out(numbered(np.arange(5)), 0.5, seed=0)


def test_parts_of_parts():
    left, _ = hold_out(take(numbered(), 50), 0.2, seed=1)
    assert isinstance(hold_out(left, 0.2, seed=1)[1], HeldOut)
    assert max(places(left)) < 50
