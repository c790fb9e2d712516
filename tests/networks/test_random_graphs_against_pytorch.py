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


@pytest.mark.parametrize("seed", range(20))
def test_every_instruction_of_a_step(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "FLOOR", FLOOR)
    pair = one_step(random_network(seed), BATCH, seed)
    assert pair.oracle.kinks > CLEAR
    check_every_instruction(pair, FORWARD, BACKWARD)
    check_loss(pair)
