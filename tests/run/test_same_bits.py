"""Under `lean`, training ends in the same bits on every instruction set, for every number of threads, by reference."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut import _native
from linocut.compile.lower import compile_network
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.policies import Policy
from linocut.run import NATIVE, REFERENCE, initialise, open_session

STEPS = 30
BATCH = 50
HIDDEN = (130, 65)  # not multiples of 64


def state_after(
    optimizer: Optimizer, dtype: str, parts: int = 1, policy: Policy = lc.lean, **how: object
) -> tuple[str, float, list[int]]:
    """The hash of the state, the summed loss and the counters after STEPS steps on the digits, in so many parts."""
    digits, _ = lc.data.load("digits")
    network = lc.models.mlp(digits.shape, 10, HIDDEN, dtype)
    compiled = compile_network(network, policy, optimizer, BATCH, BATCH // parts)
    session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the cases below
    initialise(session, compiled.initial, seed=3)
    order = lc.data.epoch_order(3, 0, len(digits))
    with lc.data.Batches(digits, order, BATCH // parts) as batches:
        for step, (images, labels) in zip(range(STEPS * parts), batches, strict=False):
            session.array("control")[0] = optimizer.learning_rate * (1 - step // parts / STEPS)
            session.array("input")[...] = images if dtype == "u8" else images.astype(np.float32) / 127.5 - 1
            session.array("labels")[...] = labels
            session.run("train")
    return session.state_sha256(), float(session.array("loss")[0]), session.array("counters").tolist()


@pytest.mark.parametrize(
    ("optimizer", "dtype", "parts", "policy"),
    [
        *((Adam(), "u8", 1, lc.lean), (SGD(), "u8", 1, lc.lean), (Bop(), "u8", 1, lc.lean)),
        *((Adam(), "f32", 1, lc.lean), (SGD(), "u8", 5, lc.lean), (Bop(), "u8", 2, lc.lean)),
        *((Adam(), "u8", 1, lc.lean8), (SGD(), "u8", 5, lc.lean8), (Adam(), "u8", 1, lc.lean4)),
    ],
    ids=["adam", "sgd", "bop", "adam-f32-input", "sgd-in-5", "bop-in-2", "lean8-adam", "lean8-sgd-in-5", "lean4-adam"],
)
def test_integers_have_the_same_bits_everywhere(optimizer: Optimizer, dtype: str, parts: int, policy: Policy) -> None:
    expected = state_after(optimizer, dtype, parts, policy, backend=REFERENCE)
    found = {
        (isa, threads): state_after(optimizer, dtype, parts, policy, backend=NATIVE, isa=isa, threads=threads)
        for isa in _native.isas()
        for threads in (1, 2, 3)
    }
    assert {how: state for how, state in found.items() if state != expected} == {}
    assert expected[2][1] == STEPS * BATCH and expected[2][2] > 0, "it trained, and weights changed their signs"


def test_seeds_and_optimizers_have_bits_of_their_own() -> None:
    assert len({state_after(o, "u8", threads=1)[0] for o in (Adam(), Adam(2e-3), SGD(), Bop())}) == 4
