"""The state that training starts from."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.policies import Policy
from linocut.run import REFERENCE, Session, initialise, open_session
from linocut.run.initial import normal_numbers


def started(policy: Policy, seed: int) -> Session:
    compiled = compile_network(lc.models.mlp((8, 8, 1), 10, (100,)), policy, lc.Adam(), 10)
    session = open_session(compiled.program, backend=REFERENCE)
    session.arena[...] = 255  # what was there before must not matter
    initialise(session, compiled.initial, seed)
    return session


def test_normal_numbers_are_standard_and_do_not_depend_on_how_they_are_asked_for() -> None:
    numbers = normal_numbers(0, 200_000, key=7)
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1) < 0.01
    assert abs(np.mean(np.abs(numbers) < 1) - 0.6827) < 0.01  # a sum of 12 is a little flatter than a normal number
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01
    np.testing.assert_array_equal(numbers[1000:1100], normal_numbers(1000, 100, key=7))
    assert not np.array_equal(numbers[:100], normal_numbers(0, 100, key=8))


def test_a_golden_number() -> None:
    """A change of these is a change of what every seed means."""
    np.testing.assert_array_equal(normal_numbers(5, 3, key=1) * 65536 + 6 * 65535, [230968, 354098, 277566])


@pytest.mark.parametrize("policy", [lc.standard, lc.wang2021, lc.lean, lc.lean8], ids=lambda p: p.name)
def test_weights_have_the_deviation_of_their_fan_in_under_every_policy(policy: Policy) -> None:
    weights = started(policy, 0).array("binary_dense1.weights").astype(np.float64)
    scale = {"q15": 32767, "q7": 127}.get(policy.W, 1) / policy.weight_range(64)
    assert abs(weights.std() / scale * np.sqrt(64) - 1) < 0.05
    assert not np.any(started(policy, 0).array("binary_dense1.m"))
    np.testing.assert_array_equal(started(policy, 0).array("batch_norm1.running")[1], 1)


def test_seeds_and_layers_differ() -> None:
    hashes = {started(lc.lean, seed).state_sha256() for seed in (0, 1, 2, 2**40)}
    assert len(hashes) == 4
    assert started(lc.lean, 5).state_sha256() == started(lc.lean, 5).state_sha256()
