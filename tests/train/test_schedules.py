import math

import pytest

from linocut.errors import SpecError
from linocut.schedules import SCHEDULES, Constant, Cosine, Plateau, Position, State, Step, find_schedule


def at(step, steps=100, per_epoch=10):
    return Position(step, steps, step // per_epoch, steps // per_epoch)


def rates(schedule, steps):
    return [schedule.rate(0.1, at(step), State()) for step in steps]


def test_constant_is_the_base_rate():
    assert rates(Constant(), (0, 50, 99)) == [0.1, 0.1, 0.1]


def test_step_drops_after_whole_epochs():
    assert rates(Step(every=3, gamma=0.5), (0, 29, 30, 59, 60)) == [0.1, 0.1, 0.05, 0.05, 0.025]


def test_cosine_goes_from_full_to_nearly_nothing_but_never_to_it():
    first, half, last = rates(Cosine(), (0, 50, 99))
    assert (first, half) == (0.1, 0.05)
    assert last == pytest.approx(0.1 * (1 + math.cos(math.pi * 0.99)) / 2)
    assert last > 0


def test_rates_are_rounded_so_that_math_libraries_agree():
    rate = Cosine().rate(1e-3, at(37), State())
    assert rate == float(f"{1e-3 * (1 + math.cos(math.pi * 0.37)) / 2:.12g}")


def test_plateau_reduces_after_more_than_patience_epochs_without_progress():
    schedule, state, factors = Plateau(gamma=0.5, patience=2, threshold=0.01), State(), []
    for loss in (1.0, 0.9, 0.899, 0.899, 0.899, 0.5, math.nan, 0.5, 0.5):
        state = schedule.observe(state, loss)
        factors.append(state.factor)
    assert factors == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]
    assert state.best == 0.5
    assert schedule.rate(0.1, at(99), state) == 0.025


def test_a_loss_that_is_not_a_number_is_never_the_best():
    assert Plateau().observe(State(), math.nan) == State(None, 1, 1.0)


def test_the_last_settings_that_can_be():
    assert (Step(every=1).every, Plateau(patience=1).patience) == (1, 1)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_schedules_survive_a_file(kind):
    schedule = SCHEDULES[kind]()
    assert find_schedule(schedule.to_dict()) == find_schedule(kind) == find_schedule(schedule) == schedule


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Step(every=0), "step every is 0, must be a whole number of epochs, 1 or more"),
        (lambda: Step(gamma=1.5), "step gamma is 1.5, must be above 0 and below 1"),
        (lambda: Step(gamma=1.0), "step gamma is 1.0, must be above 0 and below 1"),
        (lambda: Step(gamma=0.0), "step gamma is 0.0, must be above 0 and below 1"),
        (lambda: Plateau(gamma=1.0), "plateau gamma is 1.0, must be above 0 and below 1"),
        (lambda: Plateau(patience=0), "plateau patience is 0, must be a whole number of epochs, 1 or more"),
        (lambda: Plateau(patience=True), "plateau patience is True"),
        (lambda: Plateau(threshold=math.nan), "plateau threshold is nan"),
        (lambda: find_schedule("cosin"), "no schedule is called 'cosin'.*did you mean cosine"),
        (
            lambda: find_schedule({"kind": "step", "each": 2}),
            "schedule step has no setting 'each'; there are every, gamma",
        ),
        (lambda: find_schedule({"kind": "cosine", "gamma": 0.1}), "cosine has no setting 'gamma'; there are none"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()
