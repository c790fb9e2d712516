"""The convolutional and residual models under `standard` against PyTorch autograd in float64: one step of each.

They have all their layers, and a part of their filters. Loss, logits, every gradient, and the state after the step.
"""

from __future__ import annotations

import numpy as np
import pytest
from compared import Pair, check_every_instruction, close, of, one_step
from narrower import narrower
from pytorch_networks import STEPPERS, torch
from traces import numbers

from linocut import models
from linocut.graph.network import Network
from linocut.optimizers import SGD, Adam, Optimizer

BATCH, CLASSES = 5, 4
CLEAR = 2e-6  # of signs and masks: several times the error of an activation in float32
FORWARD, BACKWARD = 2e-6, 3e-5
NETWORKS: dict[str, Network] = {
    "cnv": narrower(models.cnv((32, 32, 3), CLASSES), 1, 8),
    "binarynet": narrower(models.binarynet((8, 9, 3), CLASSES), 9, 128),
    "resnete18": narrower(models.resnete18((32, 40, 3), CLASSES), 1, 8),
    "bireal18": narrower(models.bireal18((32, 40, 3), CLASSES), 9, 64),
}
SEEDS = {"cnv": 1, "binarynet": 1, "resnete18": 1, "bireal18": 1}
RATES = {"adam": 0.01, "sgd": 0.1}
OPTIMIZERS: dict[str, Optimizer] = {"adam": Adam(RATES["adam"]), "sgd": SGD(RATES["sgd"])}


@pytest.fixture(scope="module", params=NETWORKS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return one_step(NETWORKS[request.param], BATCH, SEEDS[request.param], OPTIMIZERS["adam"])


def test_logits_loss_and_right_answers(pair: Pair) -> None:
    assert pair.oracle.kinks > CLEAR
    (softmax,) = of(pair, "softmax_cross_entropy")
    logits = pair.oracle.outputs[pair.oracle.network.graph.nodes[-1].name]
    close("logits", numbers(softmax.before["logits"]), logits, FORWARD)
    close("gradient of the logits", numbers(softmax.after["gradient"]), logits.grad, BACKWARD)
    assert pair.session.array("loss")[0] / BATCH == pytest.approx(pair.loss, rel=1e-6)
    assert pair.session.array("counters")[:2].tolist() == [pair.correct, BATCH]


def test_every_product_and_every_gradient(pair: Pair) -> None:
    check_every_instruction(pair, FORWARD, BACKWARD)
    for name, w in pair.oracle.weights.items():
        assert np.count_nonzero(w.grad.numpy()) > 0.1 * w.numel(), f"{name} has next to no gradient"


def stepped(pair: Pair, optimizer: str) -> None:
    """PyTorch's step from the gradients of the one before."""
    parameters = [*pair.oracle.weights.values(), *pair.oracle.betas.values()]
    STEPPERS[optimizer](parameters, RATES[optimizer]).step()
    with torch.no_grad():
        for w in pair.oracle.binary().values():
            w.clamp_(-1, 1)


def check_state(pair: Pair, optimizer: str) -> None:
    """Adam's first step is lr g / (|g| + eps): an error d of g moves it by lr d / |g|, at most by 2 lr."""
    rate = RATES[optimizer]
    groups = (("weights", pair.oracle.weights), ("beta", pair.oracle.betas))
    for what, name, w in ((what, name, w) for what, group in groups for name, w in group.items()):
        g = np.abs(w.grad.numpy())
        relative = 2 * BACKWARD * g.max() / (g + 1e-8)
        moved = np.minimum(2.0, relative) if optimizer == "adam" else 2 * BACKWARD * g.max()
        if what == "weights":
            held = moved if optimizer == "sgd" else moved[g > 0]  # some taps only ever saw padding
            assert np.median(held) < 0.05  # most are held to a small part of their way
        error = np.abs(pair.session.array(f"{name}.{what}") - w.detach().numpy())
        assert (error <= rate * moved + 2e-7).all(), f"{name}.{what}"


def test_state_after_a_step_of_adam(pair: Pair) -> None:
    before = {name: w.detach().numpy().copy() for name, w in pair.oracle.weights.items()}
    stepped(pair, "adam")
    check_state(pair, "adam")
    for name, w in pair.oracle.weights.items():
        g = np.abs(w.grad.numpy())
        moved = np.abs(w.detach().numpy() - before[name])[g > 1e-4 * g.max()]
        assert (moved > 0.9 * RATES["adam"]).mean() > 0.9


@pytest.mark.parametrize("name", ["binarynet", "bireal18"])
def test_state_after_a_step_of_sgd(name: str) -> None:
    other = one_step(NETWORKS[name], BATCH, SEEDS[name], OPTIMIZERS["sgd"])
    stepped(other, "sgd")
    check_state(other, "sgd")
