"""One option for each of several things: as all choices, counted out, have it."""

import itertools

import numpy as np
import pytest

from linocut.devices.one_of_each import best_of_each


def problem(seed):
    random = np.random.default_rng(seed)
    options = random.integers(1, 5, random.integers(1, 7))
    costs = [[0, *random.integers(-3, 40, count - 1).tolist()] for count in options]
    gains = [[0.0, *random.normal(size=count - 1).round(2).tolist()] for count in options]
    return costs, gains


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_best_of_all_for_every_room(seed):
    costs, gains = problem(seed)
    front = best_of_each(costs, gains)
    assert front.exact
    every = [
        (sum(of[i] for of, i in zip(costs, picks, strict=True)), sum(of[i] for of, i in zip(gains, picks, strict=True)))
        for picks in itertools.product(*(range(len(of)) for of in costs))
    ]
    for room in range(-10, 120, 7):
        within = [gain for cost, gain in every if cost <= room]
        place = front.within(room)
        assert (place is None) == (not within)
        if place is not None:
            assert front.gains[place] == pytest.approx(max(within), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_picks_are_what_the_sums_are_of(seed):
    costs, gains = problem(seed)
    front = best_of_each(costs, gains)
    assert np.all(np.diff(front.costs) > 0) and np.all(np.diff(front.gains) > 0)
    for cost, gain, picks in zip(front.costs, front.gains, front.picks, strict=True):
        assert cost == sum(of[pick] for of, pick in zip(costs, picks, strict=True))
        assert gain == pytest.approx(sum(of[pick] for of, pick in zip(gains, picks, strict=True)))


def test_where_there_would_be_too_many_costs_are_rounded_up():
    """So that what is said to fit does, and is nearly as good."""
    random = np.random.default_rng(5)
    costs = [[0, *sorted(random.integers(1, 10**6, 2).tolist())] for _ in range(9)]
    gains = [[0.0, *sorted(random.random(2).tolist())] for _ in range(9)]
    exact, coarse = best_of_each(costs, gains), best_of_each(costs, gains, most=20)
    assert exact.exact and not coarse.exact
    for room in (0, 10**6, 3 * 10**6):
        place = coarse.within(room)
        picks = coarse.picks[place]
        real = sum(of[pick] for of, pick in zip(costs, picks, strict=True))
        assert real <= coarse.costs[place] <= room
        assert coarse.gains[place] >= 0.9 * exact.gains[exact.within(room)]
