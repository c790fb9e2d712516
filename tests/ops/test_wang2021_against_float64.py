"""`wang2021` against docs/design/numbers.md written out in float64: a training step of a perceptron, layer by layer.

Each layer is given what the layer before it stored (a sign that 16 bits turn would change all that follows) and
compared after. What is stored in f16 is off by half a unit in the last place, H = 2^-11 of its size; what is computed
from stored numbers is off by H of the size of every term.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from traces import Step, feed, numbers, started, traced

from linocut import models
from linocut.compile.lower import compile_network
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import wang2021

BATCH, CLASSES, RATE = 50, 7, 0.01
NETWORK = models.mlp((9, 9, 1), CLASSES, (65, 40))
INPUTS = {"binary_dense1": 81, "binary_dense2": 65, "binary_dense3": 40}
H = 2.0**-11
TINY = 2.0**-25  # half the smallest f16


@pytest.fixture(scope="module")
def state() -> dict[str, Array]:
    """Weights and shifts before the step."""
    return {}


@pytest.fixture(scope="module")
def steps(state: dict[str, Array]) -> list[Step]:
    session = started(compile_network(NETWORK, wang2021, Adam(RATE), BATCH), 3)
    rng = np.random.default_rng(3)
    for name in ("batch_norm1", "batch_norm2", "batch_norm3"):
        session.array(f"{name}.beta")[...] = rng.normal(0, 0.5, session.array(f"{name}.beta").shape)
    for name in session.program.index:
        if name.endswith((".weights", ".beta")):
            state[name] = session.array(name).astype(np.float64)
    feed(session, rng.integers(0, 256, (BATCH, 9, 9, 1), np.uint8), rng.integers(-1, CLASSES, BATCH))
    found = traced(session, "train")
    state["loss"] = session.array("loss").copy()
    return found


def of(steps: list[Step], op: str) -> list[Step]:
    chosen = [step for step in steps if step.op == op]
    assert chosen
    return chosen


def near(actual: Array, expected: Array, error: Array | float) -> None:
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected) - error
    assert (worst <= 0).all(), f"by {worst.max()} at {np.unravel_index(worst.argmax(), worst.shape)}"


def sgn(x: Array) -> Array:
    return np.where(x >= 0, 1.0, -1.0)


def norm(y: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Mu, psi and x of the l1 batch norm."""
    mu = y.mean(axis=0)
    psi = np.abs(y - mu).mean(axis=0)
    return mu, psi, (y - mu) / psi + beta


def test_first_product_is_of_images_from_minus_one_to_one(steps: list[Step], state: dict[str, Array]) -> None:
    (step,) = of(steps, "real_matmul")
    y = (2 * numbers(step.before["x"]) - 255) / 255 @ sgn(state["binary_dense1.weights"]).T
    near(numbers(step.after["y"]), y, H * np.abs(y) + TINY)


def test_other_products_are_exact(steps: list[Step], state: dict[str, Array]) -> None:
    for step, name in zip(of(steps, "binary_matmul"), ("binary_dense2", "binary_dense3"), strict=True):
        y = numbers(step.before["x"]) @ sgn(state[f"{name}.weights"]).T
        near(numbers(step.after["y"]), y, 0)


def test_statistics_and_their_running_averages(steps: list[Step]) -> None:
    for step in of(steps, "norm_statistics"):
        mu, psi, _ = norm(numbers(step.before["y"]), np.zeros(1))
        near(numbers(step.after["stats"]), np.stack([mu, psi]), H * np.stack([np.abs(mu), psi]) + TINY)
        running = 0.9 * numbers(step.before["running"]) + 0.1 * np.stack([mu, psi])
        near(numbers(step.after["running"]), running, 2 * H * np.abs(running) + 0.2 * H * np.abs(mu) + TINY)


def test_signs_masks_and_omega(steps: list[Step], state: dict[str, Array]) -> None:
    for step in of(steps, "norm_sign"):
        y, beta = numbers(step.before["y"]), numbers(step.before["beta"])
        mu, psi, x = norm(y, beta)
        error = 2 * H * (np.abs(mu) / psi + np.abs(x - beta)) + 1e-5  # of mu and psi as they are stored
        decided = np.abs(x) > error
        assert decided.mean() > 0.98
        assert (numbers(step.after["bits"]) == sgn(x))[decided].all()
        omega = np.abs(x).mean(axis=0, keepdims=True)
        near(numbers(step.after["omega"]), omega, error.mean(axis=0, keepdims=True) + H * omega)
        if "mask" in step.after:
            decided = np.abs(np.abs(x) - 1) > error
            assert decided.mean() > 0.98
            assert ((numbers(step.after["mask"]) == 1) == (np.abs(x) <= 1))[decided].all()
    assert sum("mask" in step.after for step in of(steps, "norm_sign")) == 2  # the last layer is not binarised


def test_logits_loss_and_their_gradient(steps: list[Step], state: dict[str, Array]) -> None:
    (apply,), (softmax,) = of(steps, "norm_apply"), of(steps, "softmax_cross_entropy")
    mu, psi, x = norm(numbers(apply.before["y"]), numbers(apply.before["beta"]))
    shift = np.abs(x - numbers(apply.before["beta"]))
    near(numbers(apply.after["x"]), x, 2 * H * (np.abs(mu) / psi + shift) + 1e-6)
    logits, labels = numbers(softmax.before["logits"]), softmax.before["labels"].data
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    valid = labels >= 0
    assert 0 < np.count_nonzero(~valid) < BATCH
    gradient = np.where(valid[:, None], (p - np.eye(CLASSES)[labels]) / BATCH, 0.0)
    near(numbers(softmax.after["gradient"]), gradient, H * np.abs(gradient) + TINY)
    loss = -np.log(p[np.arange(BATCH), labels])[valid].sum()
    assert state["loss"][0] == pytest.approx(loss, rel=1e-12)


def test_gradient_of_the_norm(steps: list[Step]) -> None:
    sums = {step.layer: step for step in of(steps, "norm_gradient_sums")}
    signs = [step for step in of(steps, "norm_sign")]
    for step, forward in zip(of(steps, "norm_gradient"), signs[::-1], strict=True):
        y, beta = numbers(forward.before["y"]), numbers(forward.before["beta"])
        mu, psi, x = norm(y, beta)
        g = numbers(step.before["dx"])
        if "mask" in step.before:
            g = np.where(numbers(step.before["mask"]) == 1, g, 0.0)
        near(numbers(step.after["dbeta"]), g.sum(axis=0, keepdims=True), 1e-6 * np.abs(g).sum(axis=0))
        bits, omega = numbers(forward.after["bits"]), np.abs(x).mean(axis=0)
        v = g / psi
        dy = v - v.mean(axis=0) - bits * (v * bits * omega).mean(axis=0)
        size = np.abs(v) + np.abs(v).mean(axis=0) * (1 + omega)
        offset = 2 * H * (1 + np.abs(mu) / psi)  # by which the stored omega may differ from mean|x|
        near(numbers(step.after["dy"]), dy, size * (3 * H + offset) + TINY)
        assert np.array_equal(sums[step.layer].after["sums"].data, step.before["sums"].data)


def test_gradients_of_inputs_and_the_sign_of_those_of_weights(steps: list[Step], state: dict[str, Array]) -> None:
    for step, name in zip(of(steps, "input_gradient"), ("binary_dense3", "binary_dense2"), strict=True):
        dx = numbers(step.before["dy"]) @ sgn(state[f"{name}.weights"])
        near(numbers(step.after["dx"]), dx, H * np.abs(dx) + TINY)
    for step in of(steps, "weight_gradient"):
        x = numbers(step.before["x"])
        x = (2 * x - 255) / 255 if step.before["x"].format == "u8" else x
        dw = numbers(step.before["dy"]).T @ x
        size = np.abs(numbers(step.before["dy"])).T @ np.abs(x)
        decided = np.abs(dw) > 1e-6 * size
        assert decided.mean() > 0.95
        assert (numbers(step.after["dw"]) == sgn(dw))[decided].all()


def test_first_step_of_adam_moves_every_weight_by_the_rate(steps: list[Step]) -> None:
    """Of g = sgn(dW) / sqrt(fan-in) the moments are (1 - b1) g and (1 - b2) g^2: W moves by lr sgn(dW)."""
    updates = [step for step in of(steps, "adam") if step.before["dw"].format == "bit"]
    for step, fan_in in zip(updates, list(INPUTS.values())[::-1], strict=True):
        g = numbers(step.before["dw"]) / math.sqrt(fan_in)
        near(numbers(step.after["m"]), 0.1 * g, 0.1 * H * np.abs(g) + TINY)
        near(numbers(step.after["v"]), 0.001 * g * g, 0.002 * H * g * g + 2 * TINY)  # dithered: by a unit, not half
        w = np.clip(numbers(step.before["w"]) - RATE * np.sign(g), -1, 1)
        near(numbers(step.after["w"]), w, 2 * H * np.abs(w) + 2 * TINY + 1e-6)
