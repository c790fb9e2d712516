"""Recurrent layers and CTC under `standard`: loss and all gradients against PyTorch autograd in float64."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from recurrent_pytorch import Recurrent, matrix  # noqa: E402  # which needs it

from linocut.compile.lower import Compiled, compile_network  # noqa: E402
from linocut.graph.network import Network  # noqa: E402
from linocut.layers import (  # noqa: E402
    CTC,
    GRU,
    LSTM,
    BlockCirculantDense,
    Input,
    Layer,
    SequenceInput,
    SequencePool,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import Array  # noqa: E402
from linocut.optimizers import SGD, Adam  # noqa: E402
from linocut.policies import Policy, standard  # noqa: E402
from linocut.run.initial import initialise  # noqa: E402
from linocut.run.session import Session, open_session  # noqa: E402
from linocut.train import Trainer  # noqa: E402

BATCH, STEPS, FEATURES, CLASSES, LABELS = 3, 6, 5, 4, 2
SEQUENCES = SequenceInput((STEPS, FEATURES))
ENDS = (BlockCirculantDense(CLASSES, 2), SoftmaxCrossEntropy())
POOL = SequencePool()
CASES: dict[str, tuple[Layer, ...]] = {
    **{f"cells in blocks of {k}": (SEQUENCES, LSTM(16, k), POOL, *ENDS) for k in (1, 2, 4, 8, 16)},
    "peepholes": (SEQUENCES, LSTM(8, 4, peepholes=True), SequencePool("last"), *ENDS),
    "projection": (SEQUENCES, LSTM(12, 4, projection=8), POOL, *ENDS),
    "peepholes, projection, sigmoid": (
        *(SEQUENCES, LSTM(16, 8, peepholes=True, projection=8, candidate="sigmoid"), POOL, *ENDS),
    ),
    "both directions": (SEQUENCES, LSTM(8, 2, peepholes=True, projection=4, bidirectional=True), POOL, *ENDS),
    "cells that are cut": (SEQUENCES, LSTM(8, 2, clip=0.05), POOL, *ENDS),
    "two layers": (SEQUENCES, LSTM(8, 4, bidirectional=True), LSTM(8, 4, peepholes=True), POOL, *ENDS),
    "gated units": (SEQUENCES, GRU(8, 4), GRU(4, 2), POOL, *ENDS),
    "gated units, dense": (SEQUENCES, GRU(5), SequencePool("last"), *ENDS),
    "whole sequences": (Input((STEPS, FEATURES), "f32"), LSTM(8, 4), GRU(4), SequencePool("last"), *ENDS),
    "labels of a sequence": (SEQUENCES, LSTM(8, 2), BlockCirculantDense(CLASSES), CTC(LABELS)),
    "padded units": (SEQUENCES, BlockCirculantDense(7, 4), BlockCirculantDense(6, 8, bias=False), LSTM(4), POOL, *ENDS),
    "vectors": (Input((11,), "f32"), BlockCirculantDense(9, 4), BlockCirculantDense(CLASSES, 8), SoftmaxCrossEntropy()),
}


def examples(network: Network, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Sequences, where they end, and labels."""
    shape = network.input.shape
    x = rng.normal(0, 1, (BATCH, *shape)).astype(np.float32)
    lengths = np.full(BATCH, shape[0])
    if isinstance(network.input, SequenceInput):
        lengths = np.array([shape[0], 3, 5])
        for one, length in zip(x, lengths, strict=True):
            one[length:] = 0
    if isinstance(network.loss, CTC):
        return x, lengths, np.array([[0, 0], [2, -1], [1, 0]], np.float32)
    return x, lengths, rng.integers(0, CLASSES, BATCH)


def values(compiled: Compiled, session: Session) -> dict[str, Array]:
    """All parameters by name."""
    return {name: session.array(place.buffer).copy() for name, place in compiled.layout.parameters.items()}


def stepped(
    network: Network, policy: Policy, backend: str, seed: int
) -> tuple[tuple[float, float], dict[str, Array], Recurrent]:
    """The losses of both sides, the gradients that a step of descent took, and the oracle, which has its own."""
    compiled = compile_network(network, policy, SGD(1.0, 0.0), BATCH)
    session = open_session(compiled.program, backend=backend, threads=1)
    initialise(session, compiled.initial, seed)
    rng = np.random.default_rng(seed)
    for place in compiled.layout.parameters.values():
        array = session.array(place.buffer)
        if not array.any() or "bias" in place.buffer:
            array[...] = rng.normal(0, 0.5, array.shape)
    before = values(compiled, session)
    x, lengths, truth = examples(network, rng)
    session.array("input")[...] = x
    session.array("labels")[...] = truth
    session.array("control")[0] = 1.0
    session.run("train")
    after = values(compiled, session)
    oracle = Recurrent(network, before)
    wanted = oracle.loss(x, lengths, truth)
    wanted.backward()
    losses = float(session.array("loss")[0]) / BATCH, float(wanted.detach())
    return losses, {name: before[name] - after[name] for name in before}, oracle


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_pytorchs(case: str, backend: str) -> None:
    network = Network("own", CASES[case])
    (loss, wanted_loss), gradients, oracle = stepped(network, standard, backend, 3)
    assert loss == pytest.approx(wanted_loss, rel=1e-6)
    for name, part in oracle.parts.items():
        wanted = part.grad.numpy()
        error = np.abs(gradients[name] - wanted).max()
        assert error <= 1e-5 * np.abs(wanted).max() + 3e-7, f"{name} is off by {error:.3g}"


@pytest.mark.parametrize(("there", "here"), [(1, 4), (2, 8), (8, 1)])
def test_a_network_begins_from_the_nearest_circulant_blocks(there: int, here: int) -> None:
    def of(block: int) -> Trainer:
        layers = LSTM(16, block, peepholes=True, projection=8), GRU(8, block)
        network = Network("blocks", (SequenceInput((STEPS, FEATURES)), *layers, POOL, *ENDS))
        return Trainer(network, "standard", Adam(), BATCH, seed=there, threads=1)

    source, target = of(there), of(1).network.with_block(here)
    trainer = Trainer(target, "standard", Adam(), BATCH, threads=1)
    started = trainer.start_from(source)
    assert started.fitted == ("lstm1", "gru1") and started.new == {}
    for name in ("lstm1.input_weights", "lstm1.projection", "gru1.candidate_weights"):
        inputs, outputs = {"input_weights": (FEATURES, 64), "projection": (16, 8)}.get(name.split(".")[1], (8, 8))
        wanted, found = (matrix(torch.tensor(one.state[name]), inputs, outputs).numpy() for one in (source, trainer))
        for j in range(0, inputs, here):
            for i in range(0, outputs, here):
                part, ours = wanted[i : i + here, j : j + here], found[i : i + here, j : j + here]
                turns = (np.arange(part.shape[0])[:, None] - np.arange(part.shape[1])) % here
                for turn in range(here):
                    assert np.abs(ours[turns == turn] - part[turns == turn].mean()).max(initial=0) < 1e-6
    assert np.array_equal(trainer.state["lstm1.peepholes"], source.state["lstm1.peepholes"])
