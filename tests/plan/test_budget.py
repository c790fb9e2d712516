"""Budgets from Python: what is a budget, which sizes it gives, and refusals in the words of Python."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.compile.batch import MOST_BATCH
from linocut.plan.budget import find_budget, find_sizes
from linocut.plan.training import Sizes, Training

NETWORK = lc.models.mlp((8, 8, 1), 10, (128, 128))
TRAINING = Training(NETWORK, lc.lean, lc.Adam())


def arena(batch: int, micro: int | None = None, policy: str = "lean", optimizer: str = "adam") -> int:
    return lc.Trainer(NETWORK, policy, optimizer, batch, micro_batch=micro).plan.total_bytes


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return random.integers(0, 256, (count, 8, 8), np.uint8), random.integers(0, 10, count)


@pytest.mark.parametrize(("budget", "count"), [("48MiB", 48 * 2**20), ("1.5GB", 1_500_000_000), (4096, 4096), ("7", 7)])
def test_budgets(budget: str | int, count: int) -> None:
    assert find_budget(budget) == count


@pytest.mark.parametrize("budget", ["", "-1MiB", "much", "0", 0, -5, True, 1.5, 2**63, None])
def test_budgets_that_are_none(budget) -> None:
    with pytest.raises(lc.SpecError, match=r"^budget is .*'64MiB'"):
        find_budget(budget)


@pytest.mark.parametrize(
    ("batch", "micro_batch", "sizes"),
    [
        (None, None, Sizes(100, 100)),
        (None, 25, Sizes(100, 25)),
        (96, None, Sizes(96, 96)),
        (96, 8, Sizes(96, 8)),
    ],
)
def test_without_a_budget(batch, micro_batch, sizes) -> None:
    assert find_sizes(TRAINING, None, batch, micro_batch) == sizes
    trainer = lc.Trainer(NETWORK, batch_size=batch, micro_batch=micro_batch)
    assert (trainer.settings.batch_size, trainer.settings.micro_batch) == (sizes.batch, sizes.micro_batch)


def test_the_largest_batch_that_fits() -> None:
    budget = arena(300)
    trainer = lc.Trainer(NETWORK, budget=budget)
    batch = trainer.settings.batch_size
    assert batch >= 300 and trainer.settings.micro_batch == batch
    assert trainer.plan.total_bytes <= budget < arena(batch + 1)
    assert lc.plan(NETWORK, budget=budget) == trainer.plan
    assert find_sizes(TRAINING, 2**60, None, None, 40) == Sizes(40, 40)
    assert find_sizes(TRAINING, 2**60, None, None).batch <= MOST_BATCH


def test_a_batch_that_does_not_fit_goes_in_the_largest_parts_that_do() -> None:
    for micro in (96, 48, 24, 8):
        trainer = lc.Trainer(NETWORK, batch_size=96, budget=arena(96, micro))
        assert (trainer.settings.batch_size, trainer.settings.micro_batch) == (96, micro)
        assert trainer.plan.total_bytes == arena(96, micro)
    trainer = lc.Trainer(NETWORK, micro_batch=20, budget="48MiB")  # one that was given is kept
    assert (trainer.settings.batch_size, trainer.settings.micro_batch) == (100, 20)


def test_a_budget_between_the_lower_bound_and_the_arena_does_not_hold_it() -> None:
    """Of many networks the two are equal, and which of them is asked does not show."""
    network, training, sizes = NETWORK, TRAINING, Sizes(100, 100)
    bound, taken = training.bound(sizes), training.arena(sizes)
    assert bound < taken
    for budget in (bound, taken - 1):
        assert not training.holds(sizes, budget)
        whole = lc.Trainer(network, budget=budget)
        assert whole.settings.batch_size < 100 and whole.plan.total_bytes <= budget
        parts = lc.Trainer(network, batch_size=100, budget=budget)
        assert parts.settings.micro_batch < 100 and parts.plan.total_bytes <= budget
        with pytest.raises(lc.SpecError, match=rf"but a batch of 100 takes .* \({taken:,} B\)"):
            lc.Trainer(network, batch_size=100, micro_batch=100, budget=budget)
    assert training.holds(sizes, taken)
    assert lc.Trainer(network, batch_size=100, budget=taken).settings.micro_batch == 100


def test_the_data_bound_the_batch_that_a_budget_fills() -> None:
    """As `linocut train --budget` does, which knows the data before: the runs are the same."""
    data = images(50)
    trainer = lc.Trainer(NETWORK, budget="1MiB")
    assert trainer.settings.batch_size > 50
    trainer.evaluate(data)
    events = []
    trainer.fit(data, 1, callbacks=[events.append])
    assert (trainer.settings.batch_size, trainer.settings.micro_batch) == (50, 50)
    assert trainer.plan.total_bytes == arena(50) == trainer.session.arena.nbytes == events[0].arena_bytes
    same = lc.Trainer(NETWORK, batch_size=50)
    same.fit(data, 1)
    assert trainer.session.state_sha256() == same.session.state_sha256()
    trainer.fit(data, 2)  # goes on at the size it has
    assert trainer.settings.batch_size == 50


def test_a_batch_that_was_given_is_not_bounded() -> None:
    with pytest.raises(lc.DataError, match="batch size is 64, but arrays has 50 examples"):
        lc.Trainer(NETWORK, batch_size=64, budget="1MiB").fit(images(50), 1)


def test_a_run_goes_on_with_the_sizes_that_its_budget_gave(tmp_path) -> None:
    lc.Trainer(NETWORK, batch_size=40, budget=arena(40, 10)).fit(images(40), 1, out=tmp_path / "run")
    again = lc.Trainer.resume(tmp_path / "run")
    assert (again.settings.batch_size, again.settings.micro_batch) == (40, 10)
    again.fit(images(40), 2)


def test_refusals_in_the_words_of_python() -> None:
    bop = arena(2, None, "lean", "bop")
    with pytest.raises(lc.SpecError) as refused:
        lc.Trainer(NETWORK, budget=bop)
    assert f"budget is {bop / 1024:.2f} KiB ({bop:,} B), but a batch of 2 takes" in str(refused.value)
    assert f"give at least {arena(2):,} B; within the budget are " in str(refused.value)
    assert 'policy="lean", optimizer="bop" (' in str(refused.value)
    with pytest.raises(lc.SpecError, match=r"a batch of 96 in micro-batches of 48 takes .*; or micro_batch=8;"):
        lc.Trainer(NETWORK, batch_size=96, micro_batch=48, budget=arena(96, 8))
    least = arena(2, None, "lean4", "bop")
    with pytest.raises(lc.SpecError) as one:
        lc.plan(NETWORK, budget=least - 1)
    assert f'the least is {least:,} B with policy="lean4", optimizer="bop" at a batch of 2' in str(one.value)
    assert "--" not in str(one.value) and "--" not in str(refused.value)
    assert "8 rows" not in str(one.value) and "8 rows" not in str(refused.value)  # no batch was asked for
    with pytest.raises(lc.SpecError, match=r"micro-batches of 8 takes .* fewer than 8 rows"):
        lc.plan(NETWORK, batch_size=96, budget=arena(96, 8) - 1)
