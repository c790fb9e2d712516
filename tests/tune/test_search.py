"""Which of several trials is best, which are called the same, and what is not done twice."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tune_trials import at, trial

import linocut as lc
from linocut.tune.batch import of_batch
from linocut.tune.range_test import Found
from linocut.tune.reasons import of_length, of_rate, of_schedule
from linocut.tune.search import Search

SUBJECT = SimpleNamespace(held=range(1000), left=range(4000), chance=0.25, epochs=2, seed=0)


def search():
    return Search(SUBJECT, 60.0, lambda told: None)


def scored(*accuracies, losses=None):
    rates = [1e-4 * 10**power for power in range(len(accuracies))]
    given = losses or [0.5] * len(accuracies)
    return [
        trial(at(rate), 100, accuracy=right, loss=loss)
        for rate, right, loss in zip(rates, accuracies, given, strict=True)
    ]


def test_the_best_is_the_most_accurate_and_of_those_that_come_close_the_one_of_least_loss():
    trials = scored(0.7, 0.85, 0.855, losses=[0.1, 0.4, 0.5])
    assert search().best(trials) is trials[1]
    assert search().best(scored(0.7, 0.8, 0.9)).accuracy == 0.9


def test_what_diverged_is_never_best():
    trials = scored(0.7, None, losses=[0.5, None])
    assert search().best(trials) is trials[0]
    with pytest.raises(lc.SpecError, match=r"every learning rate from 0\.0001 to 0\.0001 diverged; start from a sm"):
        search().best(scored(None, losses=[None]))


def test_rates_around_the_best_are_called_the_same_within_the_error_of_their_accuracy():
    assert search().alike(scored(0.7, 0.84, 0.85, 0.845, 0.6)) == pytest.approx((1e-3, 1e-1))
    assert search().alike(scored(0.849, 0.7, 0.85, 0.6)) == pytest.approx((1e-2, 1e-2))  # not across a gap


def test_learned_is_better_than_chance_by_its_error():
    assert not search().learned(scored(0.28, 0.27)) and search().learned(scored(0.28, 0.30))


def test_trials_are_whole_epochs_and_no_longer_than_the_run():
    assert [search().whole(examples) for examples in (300, 4100, 9000)] == [300, 4000, 8000]


def test_regressions_go_by_their_loss():
    losses = 2.0, 0.5, 0.49, 0.6
    trials = [replace(one, accuracy=None, loss=loss) for one, loss in zip(scored(0, 0, 0, 0), losses, strict=True)]
    found = Search(SimpleNamespace(**{**vars(SUBJECT), "chance": None}), 60.0, lambda told: None)
    assert found.best(trials) is trials[2] and found.learned(trials)
    assert found.alike(trials) == pytest.approx((1e-3, 1e-2))
    assert found.margin(trials[3], trials[2]) == pytest.approx(-0.11 / 0.0098)
    assert found.margin(replace(trials[0], loss=None), trials[2]) == -np.inf


@pytest.mark.parametrize(("rates", "said"), [((1e-3, 1e-3), 0), ((1e-3, 1e-2), 1), ((1e-4, 1e-2), 2)])
def test_what_is_flat_is_said(rates, said):
    trials = scored(0.8, 0.81)
    found = Found(tuple(trials), tuple(trials), trials[1])
    subject = search()
    subject.trials = trials
    lines = list(of_rate(subject, found, trials[1], rates))
    assert lines[0] == "learning rate 0.001: 81.0% after 100 steps, the best of 2 from 0.0001 to 0.001"
    assert len(lines) == 1 + (said > 0) and ("flat" in lines[-1]) == (said == 2)


def test_what_learned_nothing_is_not_called_flat():
    trials = scored(0.25, 0.26)
    found = Found(tuple(trials), tuple(trials), trials[1])
    subject = search()
    subject.trials = trials
    assert len(list(of_rate(subject, found, trials[1], (1e-4, 1e-2)))) == 1


def test_what_several_seeds_decide_is_told_by_their_mean():
    trials = scored(0.8, 0.9)
    subject = search()
    subject.trials = [*trials, replace(trials[1], seed=1, accuracy=0.84)]
    (line,) = of_rate(subject, Found(tuple(trials), tuple(trials), trials[1]), trials[1], (1e-3, 1e-3))
    assert line.startswith("learning rate 0.001: 87.0%, the mean of 2 seeds, after 100 steps, the best of 2")


def test_trials_much_shorter_than_the_run_are_said_to_be_and_choose_no_batch():
    """In as many examples half a batch has twice the steps, which tells in a short training."""
    (best,) = scored(0.8)
    subject = SimpleNamespace(**{**vars(SUBJECT), "train": range(5000), "examples": 40 * best.examples, "epochs": 16})
    found = Search(subject, 60.0, lambda told: None)
    found.run = lambda *given: pytest.fail("a batch was tried")
    assert of_batch(found, best, given=False) == (
        best,
        "batch 20: the usual one; trials are too short beside the run to say which is better",
    )
    (line,) = of_length(found, best)
    assert line.startswith("trials had 100 steps, the run has 4,000: what is best in so short a training")
    found.subject.examples = 10 * best.examples
    assert not list(of_length(found, best))


def test_the_other_schedule_is_told_of_once_by_its_best():
    cosine = scored(0.7, 0.9, 0.8)
    constant = replace(cosine[1], setting=replace(cosine[1].setting, schedule=lc.Constant()), accuracy=0.95)
    found = Found(tuple(cosine), (*cosine, constant), constant)
    (line,) = of_schedule(found, constant)
    assert line.startswith("schedule constant: 95.0%") and line.endswith("; cosine comes to 90.0% at 0.001")
