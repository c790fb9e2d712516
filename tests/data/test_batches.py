"""Batches: order, partial batches, resuming, errors from the thread, and its end."""

import gc
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linocut.data import ArrayDataset, Batches, Dataset, epoch_order
from linocut.errors import DataError


def numbered(count: int) -> ArrayDataset:
    """Example i is the float vector [i + 1, -i], labelled i."""
    numbers = np.arange(count)
    return ArrayDataset(np.stack([numbers + 1, -numbers], 1).astype(np.float32), numbers)


class Slow(Dataset):
    """Counts how often it was read; fails at example `bad`."""

    name, shape, dtype, classes = "slow", (2,), "f32", ("0",)

    def __init__(self, count: int, bad: int = -1) -> None:
        self.count, self.bad, self.reads = count, bad, 0

    def __len__(self) -> int:
        return self.count

    def read(self, indices, images, labels):
        self.reads += 1
        if self.bad in indices:
            raise DataError(f"example {self.bad} is damaged")
        images[...], labels[...] = 1, 0


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "linocut-batches"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_yields_the_order(data):
    """All of it with pad, whole batches without; `start` skips exactly that many."""
    count = data.draw(st.integers(1, 40))
    batch = data.draw(st.integers(1, count))
    pad = data.draw(st.booleans())
    whole = -(-count // batch) if pad else count // batch
    start = data.draw(st.integers(0, whole))
    order = epoch_order(data.draw(st.integers(0, 2**64)), 1, count)
    with Batches(numbered(count), order, batch, start=start, pad=pad) as batches:
        assert len(batches) == whole - start
        got = [(images.copy(), labels.copy()) for images, labels in batches]
    assert len(got) == whole - start
    for number, (images, labels) in enumerate(got, start):
        expected = order[number * batch : (number + 1) * batch]
        rows = len(expected)
        assert labels.tolist() == expected.tolist() + [-1] * (batch - rows)
        assert np.array_equal(images[:rows], np.stack([expected + 1, -expected], 1))
        assert not images[rows:].any()


def test_a_batch_is_valid_until_the_next_is_asked_for():
    """The reader is ahead by one batch, but never writes the one in use."""
    dataset = Slow(100)
    with Batches(dataset, np.arange(100), 10) as batches:
        images, _ = next(batches)
        images[...] = 5
        time.sleep(0.05)
        assert dataset.reads == 2
        assert (images == 5).all()


def test_an_error_of_the_reader_reaches_the_consumer():
    """After the batches before it, and then there are no more."""
    batches = Batches(Slow(100, bad=25), np.arange(100), 10)
    next(batches), next(batches)
    with pytest.raises(DataError, match="example 25 is damaged"):
        next(batches)
    assert list(batches) == [] and not readers()


def test_closing_early_ends_the_thread():
    """By leaving the with statement, by an exception in it, by close, by the end, and by being forgotten."""
    with Batches(Slow(100), np.arange(100), 10) as batches:
        next(batches)
    assert not readers() and list(batches) == []
    with pytest.raises(KeyError), Batches(Slow(100), np.arange(100), 10):
        raise KeyError
    assert not readers()
    for _ in Batches(Slow(100), np.arange(100), 10):
        pass
    assert not readers()
    batches = Batches(Slow(100), np.arange(100), 10)
    assert readers()
    batches.close()
    batches.close()
    assert not readers()
    next(Batches(Slow(100), np.arange(100), 10))
    gc.collect()
    for thread in readers():
        thread.join(5)
    assert not readers()


@pytest.mark.parametrize(
    ("batch", "start", "pad", "message"),
    [
        (11, 0, False, "batch is 11, but arrays has 10 examples; give 1 to 10"),
        (0, 0, False, "batch is 0, must be 1 or more"),
        (3, 4, False, "start is 4, must be 0 to 3"),
        (3, 5, True, "start is 5, must be 0 to 4"),
        (3, -1, False, "start is -1"),
    ],
)
def test_refuses(batch, start, pad, message):
    """Numbers that do not fit the data."""
    with pytest.raises(DataError, match=message):
        Batches(numbered(10), np.arange(10), batch, start=start, pad=pad)


def test_order_is_the_same_everywhere():
    """Permutations that never may change, as runs are resumed by them; each seed and epoch has its own."""
    assert epoch_order(0, 0, 10).tolist() == [3, 2, 1, 8, 6, 0, 7, 4, 5, 9]
    assert epoch_order(0, 1, 60000)[:5].tolist() == [3705, 22828, 1347, 32302, 31749]
    orders = {tuple(epoch_order(seed, epoch, 100)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    assert all(sorted(order) == list(range(100)) for order in orders)
    with pytest.raises(DataError, match="seed is -1 and epoch 0, both must be 0 or more"):
        epoch_order(-1, 0, 10)


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 8192, 8193, 12_301])
def test_an_order_sorts_the_numbers_of_numpys_generator(count):
    """Each with its index in its low bits; of as many as are made together, of several such blocks, and of one more."""
    low = 2 ** count.bit_length()
    raw = np.random.PCG64(np.random.SeedSequence([7, 3])).random_raw(count)
    keys = [int(number) // low * low + index for index, number in enumerate(raw)]
    assert epoch_order(7, 3, count).tolist() == sorted(range(count), key=keys.__getitem__)
