"""The exact choice of what to keep, against every choice there is."""

import itertools

import numpy as np
import pytest

from linocut.devices.knapsack import best_kept


def all_choices(sizes, gains, room):
    """The most that can be gained, by trying everything."""
    things = range(len(sizes))
    chosen = itertools.chain.from_iterable(itertools.combinations(things, count) for count in range(len(sizes) + 1))
    return max(sum(gains[i] for i in one) for one in chosen if sum(sizes[i] for i in one) <= room)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_better(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 11))
    sizes = random.integers(0, 40, count).tolist()
    gains = [random.random(count).tolist(), sizes, [max(0.0, size - 9.5) for size in sizes]][seed % 3]
    room = int(random.integers(0, 150))
    kept = best_kept(sizes, gains, room)
    assert sum(size for size, own in zip(sizes, kept, strict=True) if own) <= room
    gained = sum(gain for gain, own in zip(gains, kept, strict=True) if own)
    assert gained == pytest.approx(all_choices(sizes, gains, room), abs=1e-12)


@pytest.mark.parametrize("alike", [True, False])
def test_hundreds_of_layers(alike):
    """Quick where every sum of sizes can be had, and where gains are all but those of sizes."""
    random = np.random.default_rng(1)
    sizes = (random.integers(1, 9000, 300) * 64).tolist()
    gains = [float(size) - (0.0 if alike else 300.0 * (n % 7)) for n, size in enumerate(sizes)]
    kept = best_kept(sizes, gains, 6_900_032)
    used = sum(size for size, own in zip(sizes, kept, strict=True) if own)
    assert 6_899_000 < used <= 6_900_032


def test_sizes_of_terabytes_take_no_memory_of_their_size():
    sizes = [10**12 - less for less in (1, 3, 7, 11)]
    kept = best_kept(sizes, [float(size) for size in sizes], 2 * 10**12 - 13)
    assert [size for size, own in zip(sizes, kept, strict=True) if own] == [10**12 - 3, 10**12 - 11]
