"""Under `lean`, convolutional and residual networks too train to the same bits everywhere, in the reference as well."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut import _native
from linocut.compile.lower import compile_network
from linocut.layers import (
    AveragePool2D,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.policies import Policy
from linocut.run import NATIVE, REFERENCE, initialise, open_session

STEPS, BATCH = 6, 20
SHAPE = (9, 8, 3)  # not square
HEAD: tuple[Layer, ...] = (BatchNorm(), SoftmaxCrossEntropy())


def block(filters: int, stride: int, sign: Sign, *shortcut: Layer) -> Residual:
    return Residual((sign, BinaryConv2D(filters, stride=stride, scaled=True), BatchNorm()), shortcut)


NETWORKS = {
    "pool before and after": (
        *(BinaryConv2D(20), MaxPool2D(), BatchNorm(), Sign()),
        *(BinaryConv2D(130, (2, 3), padding="valid"), BatchNorm(), Sign(), MaxPool2D(2, 1)),
        *(Flatten(), BinaryDense(65), BatchNorm(), Sign(), BinaryDense(5), *HEAD),
    ),
    "residual": (
        *(BatchNorm(), Conv2D(10, 5, 2), BatchNorm(), ReLU(), MaxPool2D(3, 2, "same"), BatchNorm()),
        block(10, 1, Sign()),
        block(130, 2, Sign(), AveragePool2D(padding="same"), Conv2D(130, 1), BatchNorm()),
        block(130, 1, Sign("quadratic")),
        *(ReLU(), GlobalAveragePool(), Dense(5), *HEAD),
    ),
}


def state_after(
    layers: tuple[Layer, ...], optimizer: Optimizer, parts: int, policy: Policy, **how: object
) -> tuple[str, float, list[int]]:
    """The hash of the state, the summed loss and the counters after STEPS batches, `parts` of them a step."""
    network = Network("small", (Input(SHAPE), *layers))
    compiled = compile_network(network, policy, optimizer, parts * BATCH, BATCH)
    session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the cases below
    initialise(session, compiled.initial, seed=3)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        labels = rng.integers(0, 5, BATCH)
        session.array("control")[0] = optimizer.learning_rate
        session.array("input")[...] = rng.integers(0, 150, (BATCH, *SHAPE)) + 20 * labels[:, None, None, None]
        session.array("labels")[...] = labels
        session.run("train")
    return session.state_sha256(), float(session.array("loss")[0]), session.array("counters").tolist()


@pytest.mark.parametrize(
    ("optimizer", "parts", "policy"),
    [
        *((Adam(0.01), 1, lc.lean), (SGD(0.1), 1, lc.lean), (Bop(0.01, 1e-2, 1e-6), 1, lc.lean)),
        *((Adam(0.01), 2, lc.lean), (Adam(0.01), 1, lc.lean8), (Adam(0.01), 2, lc.lean4)),
    ],
    ids=["adam", "sgd", "bop", "adam-in-2", "lean8-adam", "lean4-adam-in-2"],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_integers_have_the_same_bits_everywhere(network: str, optimizer: Optimizer, parts: int, policy: Policy) -> None:
    layers = NETWORKS[network]
    expected = state_after(layers, optimizer, parts, policy, backend=REFERENCE)
    found = {
        (isa, threads): state_after(layers, optimizer, parts, policy, backend=NATIVE, isa=isa, threads=threads)
        for isa in _native.isas()
        for threads in (1, 2, 3)
    }
    assert {how: state for how, state in found.items() if state != expected} == {}
    assert np.isfinite(expected[1]) and expected[2][2] > 0, "it trained, and weights changed their signs"
