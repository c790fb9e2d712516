"""Random networks under `standard` against PyTorch autograd in float64: every instruction's output is compared."""

from __future__ import annotations

import compared
import pytest
from compared import check_every_instruction, check_loss, one_step
from random_graphs import random_network

BATCH = 5
CLEAR = 1e-6
FORWARD, BACKWARD = 1e-5, 1e-4
FLOOR = 3e-6  # gradients that a norm further on cancels are 0 but for what was rounded on their long way


@pytest.mark.parametrize(
    ("seed", "few"), [*((seed, False) for seed in range(20)), *((seed, True) for seed in range(18))]
)
def test_every_instruction_of_a_step(seed: int, few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """`few`: with layers of 1, 2 and 4 bits among the others."""
    monkeypatch.setattr(compared, "FLOOR", FLOOR)
    pair = one_step(random_network(seed, few=few), BATCH, seed)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
