"""`standard` against PyTorch autograd in float64: logits, loss, every gradient, and five steps of Adam and of SGD.

The reference stores float32, so that a number is off by some 1e-6 of the size of what it is summed from. A sign would
turn such a difference into 2; each test therefore asserts that no activation of PyTorch's is that close to 0 or to +-1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from straight_through import Binarised, ClippedSign
from traces import feed, numbers, started, traced

from linocut import models
from linocut.compile.lower import Compiled, compile_network
from linocut.ops.bits import Array
from linocut.optimizers import SGD, Adam, Optimizer
from linocut.policies import standard
from linocut.run.session import ReferenceSession

torch = pytest.importorskip("torch")

BATCH, CLASSES, SEED, STEPS = 32, 5, 4, 5
NETWORK = models.mlp((8, 8, 1), CLASSES, (48, 33))
DENSE = ("binary_dense1", "binary_dense2", "binary_dense3")
NORMS = ("batch_norm1", "batch_norm2", "batch_norm3")
CLEAR = 3e-6  # of 0 and 1: several times the error of an activation in float32
RELATIVE = 3e-5  # of the largest gradient of a layer: its float32 errors, grown through three layers


class Perceptron:
    """The network in PyTorch, from the same initial weights."""

    def __init__(self, session: ReferenceSession) -> None:
        self.w = [torch.tensor(session.array(f"{n}.weights").astype(np.float64), requires_grad=True) for n in DENSE]
        self.beta = [torch.tensor(session.array(f"{n}.beta")[0].astype(np.float64), requires_grad=True) for n in NORMS]
        self.clearance = np.inf

    def logits(self, images: Array):
        x = torch.tensor((2.0 * images.reshape(BATCH, -1) - 255) / 255)
        for number, (w, beta) in enumerate(zip(self.w, self.beta, strict=True)):
            y = x @ Binarised.apply(w).T
            x = (y - y.mean(0)) / torch.sqrt(y.var(0, unbiased=False) + 1e-5) + beta
            if number < len(DENSE) - 1:
                size = x.detach().abs()
                self.clearance = min(self.clearance, size.min().item(), (size - 1).abs().min().item())
                x = ClippedSign.apply(x)
        return x

    def loss(self, images: Array, labels: Array):
        return torch.nn.functional.cross_entropy(self.logits(images), torch.tensor(labels.astype(np.int64)))


def batches() -> Iterator[tuple[Array, Array]]:
    rng = np.random.default_rng(SEED)
    for _ in range(STEPS):
        yield rng.integers(0, 256, (BATCH, 8, 8, 1), np.uint8), rng.integers(0, CLASSES, BATCH)


def compiled(optimizer: Optimizer) -> Compiled:
    return compile_network(NETWORK, standard, optimizer, BATCH)


def close(actual: Array, expected, tolerance: float) -> None:
    """Within a tolerance relative to the largest expected number."""
    wanted = expected.detach().numpy()
    np.testing.assert_allclose(actual, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


def test_logits_loss_and_every_gradient() -> None:
    session = started(compiled(Adam()), SEED)
    for name in NORMS:  # shifts that matter
        session.array(f"{name}.beta")[...] = np.random.default_rng(1).normal(
            0, 0.5, session.array(f"{name}.beta").shape
        )
    images, labels = next(batches())
    oracle = Perceptron(session)
    loss = oracle.loss(images, labels)
    loss.backward()
    assert oracle.clearance > CLEAR
    feed(session, images, labels)
    steps = traced(session, "train")
    logits = next(s.before["logits"] for s in steps if s.op == "softmax_cross_entropy")
    close(numbers(logits), oracle.logits(images), 1e-6)
    assert session.array("loss")[0] / BATCH == pytest.approx(loss.item(), rel=1e-6)
    correct = (oracle.logits(images).argmax(1).numpy() == labels).sum()
    assert session.array("counters")[:2].tolist() == [correct, BATCH]
    dw = {s.layer: s.after["dw"] for s in steps if s.op == "weight_gradient"}
    dbeta = {s.layer: s.after["dbeta"] for s in steps if s.op == "norm_gradient"}
    for name, w in zip(DENSE, oracle.w, strict=True):
        close(numbers(dw[name]), w.grad, RELATIVE)
    for name, beta in zip(NORMS, oracle.beta, strict=True):
        close(numbers(dbeta[name])[0], beta.grad, RELATIVE)


def test_the_gradient_reaches_every_layer_through_every_norm() -> None:
    """The mask cancels some gradients and not all, or the test above would show little."""
    session = started(compiled(Adam()), SEED)
    feed(session, *next(batches()))
    for step in traced(session, "train"):
        if step.op == "norm_gradient" and step.layer != "batch_norm3":
            passes = np.abs(numbers(step.before["x"])) <= 1
            assert 0.5 < passes.mean() < 0.9
            assert np.count_nonzero(numbers(step.before["dx"])) > 0.9 * passes.size


def train_both(optimizer: Optimizer, theirs) -> tuple[ReferenceSession, Perceptron, list[list[Array]]]:
    """Five steps of each, some weights starting close to their bounds; the gradients that PyTorch saw."""
    session = started(compiled(optimizer), SEED)
    for name in DENSE:
        near = session.array(f"{name}.weights")[:, ::7]
        near[...] = np.copysign(0.9999, near)
    oracle = Perceptron(session)
    stepper = theirs([*oracle.w, *oracle.beta])
    gradients = []
    for images, labels in batches():
        feed(session, images, labels)
        session.run("train")
        stepper.zero_grad()
        oracle.loss(images, labels).backward()
        gradients.append([w.grad.numpy().copy() for w in oracle.w])
        stepper.step()
        with torch.no_grad():
            for w in oracle.w:
                w.clamp_(-1, 1)
    assert oracle.clearance > CLEAR
    return session, oracle, gradients


def test_five_steps_of_adam() -> None:
    """Adam divides by the gradient's size: an error d of it moves a weight by lr d / (|g| + eps), at most by 2 lr."""
    rate = 0.01
    session, oracle, gradients = train_both(Adam(rate), lambda p: torch.optim.Adam(p, lr=rate))
    for number, (name, w) in enumerate(zip(DENSE, oracle.w, strict=True)):
        sizes = np.abs([step[number] for step in gradients])
        error = RELATIVE * sizes.max() / (sizes.min(axis=0) + 1e-8)
        tolerance = STEPS * rate * np.minimum(2.0, 4 * error) + 1e-6
        assert np.median(tolerance) < 0.05 * STEPS * rate  # most weights are held to a small part of their way
        assert (np.abs(session.array(f"{name}.weights") - w.detach().numpy()) <= tolerance).all()
        assert (np.abs(w.detach().numpy()) == 1).any()  # some were clipped
    for name, beta in zip(NORMS, oracle.beta, strict=True):
        close(session.array(f"{name}.beta")[0], beta, 1e-3)


def test_five_steps_of_sgd_with_momentum() -> None:
    rate = 0.1
    session, oracle, _ = train_both(SGD(rate), lambda p: torch.optim.SGD(p, lr=rate, momentum=0.9))
    for name, w in zip(DENSE, oracle.w, strict=True):
        close(session.array(f"{name}.weights"), w, 1e-5)
        assert (np.abs(w.detach().numpy()) == 1).any()  # some were clipped
    for name, beta in zip(NORMS, oracle.beta, strict=True):
        close(session.array(f"{name}.beta")[0], beta, 1e-5)


def test_prediction_uses_running_statistics() -> None:
    """After one step from (0, 1) with momentum 0.9, as torch.nn.BatchNorm1d keeps them but for the biased variance."""
    session = started(compiled(SGD(1e-9)), SEED)
    images, labels = next(batches())
    feed(session, images, labels)
    first = traced(session, "train")
    y = next(numbers(s.before["y"]) for s in first if s.op == "norm_statistics")
    running = session.array("batch_norm1.running")
    np.testing.assert_allclose(running[0], 0.1 * y.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(running[1], 0.9 + 0.1 * y.var(0), rtol=1e-5)
    x = next(numbers(s.after["x"]) for s in traced(session, "predict") if s.op == "norm_apply")
    np.testing.assert_allclose(x, (y - running[0]) / np.sqrt(running[1] + 1e-5), rtol=1e-4, atol=1e-5)
