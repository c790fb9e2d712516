"""Forecasts of trainings that follow the laws exactly are exact."""

from dataclasses import replace

import numpy as np
import pytest
from tune_trials import ADAM, BATCH, EXAMPLES, SGD, at, trial

from linocut.tune.forecast import clock, growth, of_j_squared, of_turnover
from linocut.tune.trial import MARKS

STEPS = EXAMPLES // BATCH


def test_j_squared_grows_by_the_law_in_a_longer_run_of_another_rate():
    """J^2 = k u + C, u being the sum of the learning rates of the schedule."""
    k, C = 11.0, 0.27
    short = trial(SGD, 80, j_squared=lambda u: k * u + C)
    run = at(0.05, SGD)
    found = of_j_squared(short, run, 5, EXAMPLES, edge=0.3)
    whole = np.cumsum([run.rate_at(step, 5 * STEPS) for step in range(5 * STEPS)])[STEPS - 1 :: STEPS]
    expected = k * whole / (0.5 * EXAMPLES) + C
    assert np.allclose(found.values, expected)
    assert found.to_edge == int(np.argmax(expected >= 0.3)) + 1 and 1.05 < found.within < 1.35
    as_long = of_j_squared(trial(SGD, 5 * STEPS, j_squared=lambda u: k * u + C), run, 5, EXAMPLES, edge=0.4)
    assert as_long.within == pytest.approx(1.05)
    assert of_j_squared(short, run, 5, EXAMPLES, edge=1.0).to_edge is None


def test_decay_holds_j_squared_where_growth_and_decay_balance():
    """dJ^2/du = k - 2 lambda' S J^2: it goes to k / (2 lambda' S); that k is found from the trial's own curve."""
    k, decay = 11.0, 0.01
    rest, rate = k / (2 * decay * EXAMPLES), 2 * decay * EXAMPLES

    def curve(u):
        return rest + (0.3 - rest) * np.exp(-rate * u)

    decayed = replace(SGD, optimizer=replace(SGD.optimizer, weight_decay=decay, learning_rate=0.002))
    short = trial(decayed, 400, j_squared=curve)
    assert growth(short, EXAMPLES).k == pytest.approx(k, rel=0.02)
    long = replace(decayed, optimizer=replace(decayed.optimizer, learning_rate=0.2))
    assert of_j_squared(short, long, 20, EXAMPLES, edge=1.0).values[-1] == pytest.approx(rest, rel=0.02)


def test_far_beyond_the_edge_growth_is_that_of_the_same_part_of_the_trial():
    """There k falls with the learning rate, and u says little: here J^2 grows in the first half of a training only."""
    steps, edge = 800, 0.2
    half = clock(trial(SGD, steps, j_squared=lambda u: u), EXAMPLES)[MARKS // 2]
    shown = trial(SGD, steps, j_squared=lambda u: 0.1 + min(u, half) / half)
    found = of_j_squared(shown, SGD, 5, EXAMPLES, edge)
    assert found.values[2] == found.values[4] == pytest.approx(0.1 + 5 * STEPS / steps, rel=1e-3)
    assert found.values[0] < found.values[1] < found.values[2] and found.within > 1.25
    decayed = replace(SGD, optimizer=replace(SGD.optimizer, weight_decay=1e-3))
    held = trial(decayed, steps, j_squared=lambda u: 0.5)
    assert np.allclose(of_j_squared(held, decayed, 5, EXAMPLES, edge).values, 0.5)  # k is what decay takes
    longer = of_j_squared(shown, SGD, 25, EXAMPLES, edge)  # whose parts are not like those of the trial
    assert longer.values[-1] > 2 and longer.within > 1.25


def test_turnover_comes_to_rest_and_then_follows_a_power_of_the_rate():
    """However much longer the run is than the trials; the farther, the less sure."""

    def law(rate, step):
        return 0.3 * rate**0.6 * (1 + 32 / step)

    trials = [trial(at(rate), 100, turnover=law) for rate in (5e-4, 1e-3, 2e-3)]
    other = trial(at(0.1), 100, turnover=lambda rate, step: 0.5)  # too far off to tell of it
    found = of_turnover([*trials, other], ADAM, 3, EXAMPLES)
    assert found is not None and found.within == pytest.approx(np.exp(0.05) * 6**0.3)
    steps = np.arange(3 * STEPS)
    rates = np.array([ADAM.rate_at(step, 3 * STEPS) for step in steps])
    expected = [np.mean(law(rates, steps + 1)[begin : begin + STEPS]) for begin in range(0, 3 * STEPS, STEPS)]
    assert np.allclose(found.values[1:], expected[1:], rtol=0.02)
    assert found.values[0] == pytest.approx(expected[0], rel=0.2)  # before the first mark the law is not followed back


def test_nothing_is_foretold_of_too_little():
    assert of_turnover([trial(ADAM, 100, turnover=lambda rate, step: 0.0)], ADAM, 3, EXAMPLES) is None
