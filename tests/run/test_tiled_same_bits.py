"""A tiled program trains to the same bits as the whole one, in the reference and on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from everything_divided import compile_divided

from linocut import _native
from linocut.compile.lower import Compiled, compile_network
from linocut.compile.passes.tiling import FINER, TRANSFORMATIONS, Transformation
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Flatten,
    Input,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Sign,
)
from linocut.layers import SoftmaxCrossEntropy as Loss
from linocut.optimizers import SGD, Adam, Bop, Optimizer
from linocut.policies import lean
from linocut.run import NATIVE, REFERENCE, initialise, open_session

STEPS, BATCH, CLASSES = 3, 13, 5
SHAPE = (8, 6, 2)
SMALLEST = 1  # bytes of a tile: four images, or 64 channels, or 32
LAYERS: tuple[Layer, ...] = (
    *(BinaryConv2D(70), BatchNorm(), Sign()),  # groups of channels
    *(BinaryConv2D(33, 2), MaxPool2D(), BatchNorm(), Sign()),  # tiles of images, forward and backward
    *(BinaryConv2D(65, (3, 2)), MaxPool2D(2, 1, "same"), BatchNorm(), Sign()),  # windows that overlap
    *(Flatten(), BinaryDense(130), BatchNorm(), Sign(), BinaryDense(CLASSES), BatchNorm(), Loss()),
)
NETWORKS = {
    "pools": Network("pools", (Input(SHAPE), *LAYERS)),
    "a pool first": Network("a pool first", (Input(SHAPE), BinaryConv2D(66), MaxPool2D(), *LAYERS[1:])),
    "a stem": Network(
        "a stem", (Input(SHAPE), Conv2D(16, bias=True), BatchNorm(), ReLU(), MaxPool2D(3, 1, "same"), Sign(), *LAYERS)
    ),
}


def state_after(compiled: Compiled, **how: object) -> tuple[str, float, list[int], bytes]:
    """The state, loss and counters after some steps, and the logits of a prediction."""
    session = open_session(compiled.program, **how)  # type: ignore[arg-type]  # keywords of the cases below
    initialise(session, compiled.initial, seed=3)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        labels = rng.integers(0, CLASSES, BATCH)
        session.array("control")[0] = compiled.optimizer.learning_rate
        session.array("input")[...] = rng.integers(0, 150, (BATCH, *SHAPE)) + 20 * labels[:, None, None, None]
        session.array("labels")[...] = labels
        session.run("train")
    session.run("predict")
    logits = session.array("predict.logits").tobytes()
    return session.state_sha256(), float(session.array("loss")[0]), session.array("counters").tolist(), logits


@pytest.mark.parametrize("optimizer", [Adam(0.01), SGD(0.1), Bop(0.01, 1e-2, 1e-6)], ids=lambda o: o.kind)
@pytest.mark.parametrize("transformations", [TRANSFORMATIONS, FINER], ids=["words", "halves"])
@pytest.mark.parametrize("network", NETWORKS)
def test_tiled_and_whole_have_the_same_bits(
    network: str, transformations: tuple[Transformation, ...], optimizer: Optimizer
) -> None:
    whole = compile_network(NETWORKS[network], lean, optimizer, BATCH, tile_bytes=None)
    tiled = compile_divided(NETWORKS[network], optimizer, BATCH, SMALLEST, transformations)
    assert len(tiled.program.instructions) > len(whole.program.instructions) + 15
    expected = state_after(whole, threads=1)
    assert expected[2][2] > 0, "weights changed their signs"
    assert state_after(tiled, backend=REFERENCE) == expected
    found = {
        (isa, threads): state_after(tiled, backend=NATIVE, isa=isa, threads=threads)
        for isa, threads in zip(_native.isas(), (3, 1, 2, 1), strict=False)
    }
    assert {how: state for how, state in found.items() if state != expected} == {}
