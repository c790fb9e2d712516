"""Weight decay that holds J^2 at the edge, of a network whose growth with decay on is another than without."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from tune_trials import ADAM, EXAMPLES, SGD, at, trial

from linocut.tune.decay import held_at_edge, of_decay
from linocut.tune.forecast import Forecast
from linocut.tune.regime import Regime
from linocut.tune.trial import weight_decay

STEPS, WITHOUT, WITH = 4000, 11.0, 20.0
REGIME = Regime("edge", ("a",), "tanh")


def grown(setting):
    """J^2 from 0.5 on: k is 11 without decay, and 20 with it."""
    decay = 2 * weight_decay(setting.optimizer) * EXAMPLES
    if not decay:
        return trial(setting, STEPS, j_squared=lambda u: 0.5 + WITHOUT * u, accuracy=0.8)
    rest = WITH / decay
    return trial(setting, STEPS, j_squared=lambda u: rest + (0.5 - rest) * np.exp(-decay * u), accuracy=0.8)


def search(tried, accuracy=None):
    subject = SimpleNamespace(regime=REGIME, train=range(EXAMPLES), epochs=20, examples=20 * EXAMPLES)

    def margin(one, other):
        return (one.accuracy - other.accuracy) / 0.01

    def run(setting, examples):
        found = grown(setting)
        tried.append(weight_decay(setting.optimizer))
        return found if accuracy is None else replace(found, accuracy=accuracy)

    def too_short(one):
        return one.examples < 0.1 * subject.examples

    known = {"margin": margin, "run": run, "trials": [], "too_short": too_short}
    return SimpleNamespace(subject=subject, fits=lambda examples: True, **known)


def test_k_is_measured_anew_with_decay_on():
    best, tried = grown(at(0.2, SGD)), []
    held = held_at_edge(search(tried), best, best.j_squared)
    assert best.j_squared > 2 and held is not None and abs(held.j_squared - 1) < 0.05
    assert tried[0] == float(f"{WITHOUT / (2 * EXAMPLES):.3g}")  # misses: J^2 would be 20 / 11
    assert abs(tried[-1] / (WITH / (2 * EXAMPLES)) - 1) < 0.02 and len(tried) == 2


def test_what_decay_comes_to_is_told_beside_what_comes_without():
    best = grown(at(0.2, SGD))
    expected = Forecast("j_squared", (best.j_squared,), 1.05, to_edge=1)
    held, _, reason = of_decay(search([], accuracy=0.797), best, expected)
    assert (
        held.accuracy == 0.797
        and f"instead of {best.j_squared:.3g}, the edge is 1, with 79.7%, without 80.0%" in reason
    )


def test_trials_much_shorter_than_the_run_say_nothing_of_decay():
    """k falls as training goes on: by the k of a tenth of a run decay holds J^2 far below the edge."""
    best, tried = grown(at(0.2, SGD)), []
    among = search(tried)
    among.subject.examples = 20 * best.examples
    held, _, reason = of_decay(among, best, Forecast("j_squared", (best.j_squared,), 1.05, to_edge=1))
    assert held is best and not tried and "trials are too short beside the run to say what holds it there" in reason


def test_decay_that_does_harm_is_not_taken():
    best = grown(at(0.2, SGD))
    assert held_at_edge(search([], accuracy=0.7), best, best.j_squared) is None


def test_there_is_none_where_the_edge_is_not_passed_and_for_adam():
    tried = []
    assert held_at_edge(search(tried), grown(SGD), 0.9) is None
    assert held_at_edge(search(tried), grown(ADAM), 2.0) is None and not tried
