"""Arrays of more numbers than are drawn, packed, looked at or captured together: several blocks, and one number more.

Each is compared with what is formed of the whole at once.
"""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.graph import state
from linocut.ops.bits import pack
from linocut.ops.fixed_point import GOLDEN_64, step_key
from linocut.run import REFERENCE, captured, initial, initialise, open_session
from linocut.run.initial import normal_numbers
from linocut.train import finite

INPUTS = 70  # which no block divides
SEED = 5
MORE = (0, 1, 20)


def outputs_beyond(block: int, more: int) -> int:
    """So many that their weights are two blocks, and so many rows more."""
    return 2 * (block // INPUTS) + more


def trainer_of(outputs: int, policy: str) -> lc.Trainer:
    return lc.Trainer(lc.models.mlp((INPUTS,), 4, (outputs,)), policy, batch_size=10, backend=REFERENCE, seed=SEED)


@pytest.mark.parametrize("optimizer", [lc.Adam(), lc.Bop()], ids=["adam", "bop"])
@pytest.mark.parametrize("policy", [lc.standard, lc.lean], ids=lambda p: p.name)
@pytest.mark.parametrize("more", MORE)
def test_weights_that_training_starts_from(more: int, policy: lc.Policy, optimizer: lc.Optimizer) -> None:
    outputs = outputs_beyond(initial.AT_ONCE, more)
    compiled = compile_network(lc.models.mlp((INPUTS,), 4, (outputs,)), policy, optimizer, 10)
    session = open_session(compiled.program, backend=REFERENCE)
    initialise(session, compiled.initial, SEED)
    names = [buffer.name for buffer in session.program.persistent()]
    key = step_key(SEED * GOLDEN_64 & (1 << 64) - 1, names.index("binary_dense1.weights"))
    numbers = np.clip(normal_numbers(0, outputs * INPUTS, key).reshape(outputs, INPUTS) * INPUTS**-0.5, -1, 1)
    found = session.array("binary_dense1.weights")
    if optimizer.kind == "bop":
        assert np.array_equal(found, pack(numbers >= 0))
    elif policy is lc.lean:
        assert np.array_equal(found, np.floor(numbers * 32767 + 0.5))
    else:
        assert np.array_equal(found, numbers.astype(np.float32))


@pytest.mark.parametrize("policy", ["standard", "lean"])
@pytest.mark.parametrize("more", MORE)
def test_packed_signs(more: int, policy: str) -> None:
    one = trainer_of(outputs_beyond(state.AT_ONCE, more), policy)
    weights = one.state["binary_dense1.weights"]
    assert np.array_equal(one.state.signs("binary_dense1.weights"), pack(weights >= 0))


def test_numbers_that_are_none_wherever_they_are() -> None:
    one = trainer_of(outputs_beyond(finite.CHUNK, 30), "standard")
    weights = one.session.array("binary_dense1.weights").reshape(-1)
    assert finite.find_no_number(one.session, one.compiled.layout) == ""
    edges = [at - back for at in range(finite.CHUNK, weights.size, finite.CHUNK) for back in (0, 1)]
    for place in (0, *edges, weights.size - 1):
        kept, weights[place] = weights[place], np.nan
        assert "binary_dense1" in finite.find_no_number(one.session, one.compiled.layout), place
        weights[place] = kept


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_captured_values(count: int) -> None:
    one = trainer_of(20, "lean")
    images = np.random.default_rng(count).integers(0, 256, (count, INPUTS), np.uint8)
    found = one.capture(images, ("binary_dense1", "sign1"))
    y = (2 * images.astype(np.int64) - 255) @ np.where(one.state["binary_dense1.weights"] >= 0, 1, -1).T
    assert np.array_equal(found["binary_dense1"], y)
    assert found["sign1"].shape == (count, 20)
    assert captured.AT_ONCE == 100
