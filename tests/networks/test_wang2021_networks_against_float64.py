"""`wang2021` on convolutions, pools and residuals by docs/design/numbers.md, in float64, layer by layer.

As in tests/ops/test_wang2021_against_float64.py each layer is given what the layer before it stored. What is stored in
f16 is off by H = 2^-11 of its size; what is computed from stored numbers is off by H of the size of every term.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import images
import numpy as np
import pytest
from small import CLASSES, NETWORKS
from traces import Step, feed, numbers, started, traced

from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.ops import View
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import wang2021

BATCH, RATE, SEED = 9, 0.01, 3
H = 2.0**-11
SINGLE = 1e-6  # of sums in f32
TINY = 2.0**-25  # half the smallest f16
CODE = 0.5 / 255  # half a step of a stored slope


@dataclass(frozen=True)
class Trace:
    """A training step, and the weights before it."""

    network: Network
    steps: list[Step]
    weights: dict[str, Array]
    loss: float

    def of(self, op: str, layer: str | None = None) -> list[Step]:
        return [step for step in self.steps if step.op == op and layer in (None, step.layer)]

    def one(self, op: str, layer: str) -> Step:
        (step,) = self.of(op, layer)
        return step


@pytest.fixture(scope="module", params=NETWORKS)
def trace(request: pytest.FixtureRequest) -> Trace:
    network = NETWORKS[request.param]
    session = started(compile_network(network, wang2021, Adam(RATE), BATCH), SEED)
    rng = np.random.default_rng(SEED)
    weights = {}
    for buffer in session.program.persistent():
        layer, _, what = buffer.name.partition(".")
        if what == "beta":
            session.array(buffer.name)[...] = rng.normal(0, 0.5, buffer.shape)
        if what == "weights":
            weights[layer] = session.array(buffer.name).astype(np.float64)
    pictures = rng.integers(0, 256, (BATCH, *network.input.shape), np.uint8)
    feed(session, pictures, rng.integers(-1, CLASSES, BATCH))
    steps = traced(session, "train")
    return Trace(network, steps, weights, float(session.array("loss")[0]))


def shaped(view: View) -> Array:
    """Stored values in float64 and in the buffer's own dimensions; bytes as numbers from -1 to 1."""
    found = view.values().astype(np.float64)
    return (2 * found - 255) / 255 if view.format == "u8" else found


def near(actual: Array, expected: Array, error: Array | float) -> None:
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected) - error
    assert (worst <= 0).all(), f"by {worst.max()} at {np.unravel_index(worst.argmax(), worst.shape)}"


def sgn(x: Array) -> Array:
    return np.where(x >= 0, 1.0, -1.0)


def factor(trace: Trace, layer: str) -> Array:
    """The weights as the layer multiplies with them: signs, or numbers."""
    w = trace.weights[layer]
    return sgn(w) if layer.startswith("binary") else w


def test_every_kind_of_instruction_is_there(trace: Trace) -> None:
    ops = {step.op for step in trace.steps}
    both = {"conv2d", "conv2d_input_gradient", "conv2d_weight_gradient", "max_pool", "max_pool_gradient"}
    own = {
        "convolutional": {"flatten_bits", "binary_matmul"},
        "residual": {"average_pool", "relu", "real_sign", "gate_gradient", "to_numbers", "conv2d_input_sums"},
    }
    assert ops >= both | own[trace.network.name]


def test_products(trace: Trace) -> None:
    for step in trace.of("conv2d"):
        x, w = shaped(step.before["x"]), factor(trace, step.layer)
        window = images.moving(trace.network, step.layer, x.shape)
        y = images.convolved(x, w, window)
        size = images.convolved(np.abs(x), np.abs(w), window)
        exact = step.before["x"].format == "bit"
        near(shaped(step.after["y"]), y, 0 if exact else H * np.abs(y) + SINGLE * size + TINY)
    for step in trace.of("binary_matmul"):
        near(shaped(step.after["y"]), shaped(step.before["x"]) @ factor(trace, step.layer).T, 0)


def test_pools(trace: Trace) -> None:
    for step in trace.of("max_pool"):
        x = shaped(step.before["x"])
        near(shaped(step.after["y"]), images.largest(x, images.moving(trace.network, step.layer, x.shape)), 0)
    for step in trace.of("average_pool"):
        x = shaped(step.before["x"])
        y = images.averaged(x, images.moving(trace.network, step.layer, x.shape))
        near(shaped(step.after["y"]), y, H * np.abs(y) + SINGLE + TINY)


def test_signs_are_packed_anew_in_their_order(trace: Trace) -> None:
    for step in trace.of("flatten_bits"):
        assert np.array_equal(shaped(step.after["y"]), shaped(step.before["x"]).reshape(BATCH, -1))


def test_numbers(trace: Trace) -> None:
    for step in trace.of("to_numbers"):
        x = shaped(step.before["x"])
        near(shaped(step.after["y"]), x, H * np.abs(x) + TINY)
    for step in trace.of("add"):
        y = shaped(step.before["a"]) + shaped(step.before["b"])
        near(shaped(step.after["y"]), y, H * np.abs(y) + SINGLE * np.abs(y) + TINY)
    for step in trace.of("relu"):
        near(shaped(step.after["y"]), np.maximum(shaped(step.before["x"]), 0), 0)


def test_signs_of_numbers_and_what_is_kept_of_them(trace: Trace) -> None:
    for step in trace.of("real_sign"):
        x = shaped(step.before["x"])
        near(shaped(step.after["bits"]), sgn(x), 0)
        if "mask" in step.after:
            near(shaped(step.after["mask"]), np.where(np.abs(x) <= 1, 1.0, -1.0), 0)
        else:
            kept = step.after["slope"].values() / 255
            near(kept, np.maximum(1 - np.abs(x), 0), CODE + 1e-6)


def test_gradients_before_signs_and_rectifiers(trace: Trace) -> None:
    for step in trace.of("gate_gradient"):
        g, kind = shaped(step.before["dx"]), step.layer.rstrip("0123456789")
        x = shaped(trace.one("relu" if kind == "relu" else "real_sign", step.layer).before["x"])
        slope, error = (x > 0).astype(np.float64), 0.0
        if kind == "sign":
            quadratic = "slope" in step.before
            slope = np.maximum(2 - 2 * np.abs(x), 0) if quadratic else (np.abs(x) <= 1).astype(np.float64)
            error = 2 * CODE * quadratic
        wanted = g * slope + (shaped(step.before["more"]) if "more" in step.before else 0.0)
        near(shaped(step.after["out"]), wanted, np.abs(g) * (error + 1e-6) + H * np.abs(wanted) + TINY)


def norms(trace: Trace) -> list[Step]:
    """The norm_sign of each norm: X is kept as bits whatever comes after."""
    return trace.of("norm_sign")


def normed(y: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Mu, psi and x of the l1 batch norm over all rows."""
    mu = y.mean(axis=0)
    psi = np.abs(y - mu).mean(axis=0)
    return mu, psi, (y - mu) / psi + beta


def test_statistics_and_their_running_averages(trace: Trace) -> None:
    for step in trace.of("norm_statistics"):
        mu, psi, _ = normed(numbers(step.before["y"]), np.zeros(1))
        near(numbers(step.after["stats"]), np.stack([mu, psi]), H * np.stack([np.abs(mu), psi]) + TINY)
        running = 0.9 * numbers(step.before["running"]) + 0.1 * np.stack([mu, psi])
        near(numbers(step.after["running"]), running, 2 * H * np.abs(running) + 0.2 * H * np.abs(mu) + TINY)


def test_signs_masks_and_omega_of_norms(trace: Trace) -> None:
    shifts_alone = len(trace.of("conv2d_input_sums"))  # of the norms of the input
    assert len(norms(trace)) == len(trace.of("norm_statistics")) - shifts_alone
    for step in norms(trace):
        y, beta = numbers(step.before["y"]), numbers(step.before["beta"])
        mu, psi, x = normed(y, beta)
        error = 2 * H * (np.abs(mu) / psi + np.abs(x - beta)) + 1e-5
        decided = np.abs(x) > error
        assert decided.mean() > 0.97
        assert (numbers(step.after["bits"]) == sgn(x))[decided].all()
        omega = np.abs(x).mean(axis=0, keepdims=True)
        near(numbers(step.after["omega"]), omega, error.mean(axis=0, keepdims=True) + H * omega)
        if "mask" in step.after:
            decided = np.abs(np.abs(x) - 1) > error
            assert ((numbers(step.after["mask"]) == 1) == (np.abs(x) <= 1))[decided].all()


def test_norms_in_numbers(trace: Trace) -> None:
    for step in trace.of("norm_apply"):
        y, beta = numbers(step.before["y"]), numbers(step.before["beta"])
        mu, psi, x = normed(y, beta)
        error = x - beta
        x = np.maximum(x, 0) if step.attributes["relu"] else x
        x = x + (numbers(step.before["more"]) if "more" in step.before else 0.0)
        own = H * np.abs(x) * (step.after["x"].format == "f16")
        near(numbers(step.after["x"]), x, 2 * H * (np.abs(mu) / psi + np.abs(error)) + own + 1e-6)


def test_loss_and_its_gradient(trace: Trace) -> None:
    (softmax,) = trace.of("softmax_cross_entropy")
    logits, labels = numbers(softmax.before["logits"]), softmax.before["labels"].data
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    valid = labels >= 0
    assert np.count_nonzero(valid) > BATCH / 2
    gradient = np.where(valid[:, None], (p - np.eye(CLASSES)[labels]) / BATCH, 0.0)
    near(numbers(softmax.after["gradient"]), gradient, H * np.abs(gradient) + TINY)
    assert trace.loss == pytest.approx(-np.log(p[np.arange(BATCH), labels])[valid].sum(), rel=1e-12)


def test_gradient_of_norms(trace: Trace) -> None:
    for step, forward in zip(trace.of("norm_gradient"), norms(trace)[::-1], strict=True):
        assert np.array_equal(step.before["stats"].data, forward.before["stats"].data)
        y, beta = numbers(forward.before["y"]), numbers(forward.before["beta"])
        mu, psi, x = normed(y, beta)
        g = numbers(step.before["dx"])
        assert ("mask" in step.before) == ("mask" in forward.after)
        if "mask" in forward.after:
            g = np.where(numbers(forward.after["mask"]) == 1, g, 0.0)
        if step.attributes["ste"] == 2:
            g = np.where(numbers(forward.after["bits"]) == 1, g, 0.0)
        near(numbers(step.after["dbeta"]), g.sum(axis=0, keepdims=True), 1e-6 * np.abs(g).sum(axis=0))
        bits, omega = numbers(forward.after["bits"]), np.abs(x).mean(axis=0)
        v = g / psi
        dy = v - v.mean(axis=0) - bits * (v * bits * omega).mean(axis=0)
        size = np.abs(v) + np.abs(v).mean(axis=0) * (1 + omega)
        offset = 2 * H * (1 + np.abs(mu) / psi)  # by which the stored omega may differ from mean|x|
        more = np.abs(numbers(step.before["more"])) if "more" in step.before else 0.0
        dy = dy + (numbers(step.before["more"]) if "more" in step.before else 0.0)
        near(numbers(step.after["dy"]), dy, size * (3 * H + offset) + H * more + TINY)


def test_gradients_of_inputs(trace: Trace) -> None:
    for step in trace.of("conv2d_input_gradient"):
        dy, w, found = shaped(step.before["dy"]), factor(trace, step.layer), shaped(step.after["dx"])
        window = images.moving(trace.network, step.layer, found.shape)
        dx = images.input_gradient(dy, w, found.shape, window)
        size = images.input_gradient(np.abs(dy), np.abs(w), found.shape, window)
        near(found, dx, H * np.abs(dx) + SINGLE * size + TINY)
    for step in trace.of("input_gradient"):
        dx = shaped(step.before["dy"]) @ factor(trace, step.layer)
        near(shaped(step.after["dx"]), dx, H * np.abs(dx) + TINY)


def test_gradients_of_pools(trace: Trace) -> None:
    for step in trace.of("max_pool_gradient"):
        x = shaped(trace.one("max_pool", step.layer).before["x"])
        dy, window = shaped(step.before["dy"]), images.moving(trace.network, step.layer, x.shape)
        dx, size = (images.largest_gradient(part, x, window) for part in (dy, np.abs(dy)))
        near(shaped(step.after["dx"]), dx, H * np.abs(dx) + SINGLE * size + TINY)
    for step in trace.of("average_pool_gradient"):
        found = shaped(step.after["dx"])
        window = images.moving(trace.network, step.layer, found.shape)
        dx = images.averaged_gradient(shaped(step.before["dy"]), found.shape, window)
        near(found, dx, H * np.abs(dx) + SINGLE * np.abs(dx).max() + TINY)


def test_gradients_of_weights(trace: Trace) -> None:
    """Only the sign of those of binary weights; the others in f32."""
    steps = trace.of("conv2d_weight_gradient") + trace.of("weight_gradient")
    assert {step.layer for step in steps} == set(trace.weights)
    for step in steps:
        forward = next(s for s in trace.steps if s.layer == step.layer and "weights" in s.before and "x" in s.before)
        x, dy = shaped(forward.before["x"]), shaped(step.before["dy"])
        if x.ndim == 2:
            dw, size = dy.T @ x, np.abs(dy).T @ np.abs(x)
        else:
            window = images.moving(trace.network, step.layer, x.shape)
            dw, size = (images.weight_gradient(a, b, window) for a, b in ((dy, x), (np.abs(dy), np.abs(x))))
        if step.after["dw"].format == "f32":
            assert not step.layer.startswith("binary")
            near(shaped(step.after["dw"]), dw, SINGLE * size)
            continue
        decided = np.abs(dw) > 1e-6 * size
        assert decided[size > 0].mean() > 0.95
        assert (shaped(step.after["dw"]) == sgn(dw))[decided].all()


def test_first_step_of_adam(trace: Trace) -> None:
    """Of g the moments are (1 - b1) g and (1 - b2) g^2: W moves by lr g / (|g| + eps).

    V and W are dithered: by a unit at most, not half a unit.
    """
    updates = {step.layer: step for step in trace.of("adam") if step.before["w"].cols == step.before["dw"].cols}
    assert set(trace.weights) <= set(updates)
    for layer, w in trace.weights.items():
        step, binary = updates[layer], layer.startswith("binary")
        fan_in = math.prod(w.shape[1:])
        g = shaped(step.before["dw"]) / (math.sqrt(fan_in) if binary else 1.0)
        stored = H if binary else 4e-7  # f32: three roundings
        near(shaped(step.after["m"]), 0.1 * g, 0.1 * stored * np.abs(g) + TINY * binary + 1e-9)
        near(shaped(step.after["v"]), 0.001 * g * g, 0.002 * stored * g * g + 2 * TINY * binary + 1e-12)
        moved = w - RATE * g / (np.abs(g) + 1e-8)
        moved = np.clip(moved, -1, 1) if binary else moved
        near(shaped(step.after["w"]), moved, 2 * H * np.abs(moved) + 2 * TINY + 1e-6)
