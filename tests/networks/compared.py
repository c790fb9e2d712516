"""One step of `standard` beside PyTorch: what every instruction wrote, and what it must have written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pytorch_networks import Oracle
from traces import Step, feed, numbers, started, traced

from linocut.compile.lower import compile_network
from linocut.layers import Network
from linocut.ops.bits import Array
from linocut.optimizers import Adam, Optimizer
from linocut.policies import standard
from linocut.run.session import ReferenceSession

FLOOR = 1e-9  # of a gradient that is 0 but for rounding


@dataclass(frozen=True)
class Pair:
    """The two sides after one step; the oracle's gradients are there."""

    session: ReferenceSession
    oracle: Oracle
    steps: list[Step]
    loss: float
    correct: int
    batch: int


def one_step(network: Network, batch: int, seed: int, optimizer: Optimizer | None = None) -> Pair:
    """One step of both from the same weights, with shifts that matter."""
    session = started(compile_network(network, standard, optimizer or Adam(), batch), seed)
    rng = np.random.default_rng(seed)
    for buffer in session.program.persistent():
        if buffer.name.endswith(".beta"):
            session.array(buffer.name)[...] = rng.normal(0, 0.5, buffer.shape)
    shape = (batch, *network.input.shape)
    images = rng.integers(0, 256, shape, np.uint8)
    if network.input.dtype == "f32":
        images = rng.uniform(-1, 1, shape).astype(np.float32)
    labels = rng.integers(0, network.classes, batch)
    oracle = Oracle(network, session)
    loss = oracle.loss(images, labels)
    loss.backward()
    feed(session, images, labels)
    steps = traced(session, "train")
    logits = oracle.outputs[network.placed[-1].name].detach().numpy()
    return Pair(session, oracle, steps, loss.item(), int((logits.argmax(1) == labels).sum()), batch)


def close(what: str, actual: Array, expected: Any, relative: float, size: float = 0.0) -> None:
    """Within a tolerance relative to the largest expected number, or to the `size` of what it is summed from."""
    wanted = expected.detach().numpy()
    error = np.abs(actual.reshape(wanted.shape) - wanted).max()
    allowed = relative * max(np.abs(wanted).max(), size) + FLOOR
    assert error <= allowed, f"{what} is off by {error:.3g}, at most {allowed:.3g}"


_Expected = Callable[[Oracle, str], Any]
_FORWARD: dict[str, tuple[str, _Expected]] = {
    op: (operand, lambda oracle, name: oracle.outputs[name])
    for op, operand in {
        "conv2d": "y",
        "real_matmul": "y",
        "binary_matmul": "y",
        "max_pool": "y",
        "average_pool": "y",
        "relu": "y",
        "real_sign": "bits",
        "to_numbers": "y",
    }.items()
}
_FORWARD["to_numbers"] = ("y", lambda oracle, name: oracle.inputs[name])
_BACKWARD: dict[str, tuple[str, _Expected]] = {
    "weight_gradient": ("dw", lambda oracle, name: oracle.weights[name].grad),
    "conv2d_weight_gradient": ("dw", lambda oracle, name: oracle.weights[name].grad),
    "norm_gradient": ("dbeta", lambda oracle, name: oracle.betas[name].grad),
    "input_gradient": ("dx", lambda oracle, name: oracle.inputs[name].grad),
    "conv2d_input_gradient": ("dx", lambda oracle, name: oracle.inputs[name].grad),
    "max_pool_gradient": ("dx", lambda oracle, name: oracle.inputs[name].grad),
    "average_pool_gradient": ("dx", lambda oracle, name: oracle.inputs[name].grad),
    "gate_gradient": ("out", lambda oracle, name: oracle.inputs[name].grad),
}


def check_every_instruction(pair: Pair, forward: float, backward: float) -> None:
    """All products, pooled values, numbers and signs; all gradients of inputs, weights and shifts."""
    gradients = {"weights": set(pair.oracle.weights), "betas": set(pair.oracle.betas)}
    for step in pair.steps:
        what = f"{step.op} of {step.layer}"
        if step.op in _FORWARD:
            _check_output(pair, step, what, forward)
        elif step.op in _BACKWARD:
            operand, expected = _BACKWARD[step.op]
            size = _summed(pair, step.layer) if step.op == "norm_gradient" else 0.0
            close(what, numbers(step.after[operand]), expected(pair.oracle, step.layer), backward, size)
            gradients["weights"].discard(step.layer)
            gradients["betas"].discard(step.layer)
        if step.op == "norm_gradient" and pair.oracle.inputs[step.layer].requires_grad:
            close(f"dY of {step.layer}", numbers(step.after["dy"]), pair.oracle.inputs[step.layer].grad, backward)
        if step.op == "add" and step.layer.startswith("residual"):
            close(what, numbers(step.after["y"]), pair.oracle.outputs[step.layer], forward)
    assert not any(gradients.values()), f"without a gradient: {gradients}"


def _summed(pair: Pair, norm: str) -> float:
    """The size of what a shift's gradient is summed from: a norm behind the next layer may cancel it."""
    given = pair.oracle.outputs[norm].grad.abs()
    return float(given.reshape(-1, given.shape[-1]).sum(0).max())


def _check_output(pair: Pair, step: Step, what: str, forward: float) -> None:
    operand, expected = _FORWARD[step.op]
    wanted = expected(pair.oracle, step.layer)
    scaled = step.layer.startswith("binary_conv2d") and any(s.layer == step.layer for s in of(pair, "channel_scale"))
    if scaled:
        (product,) = (s for s in of(pair, "scale_channels") if s.layer == step.layer and _forward(pair, s))
        close(what, numbers(product.after["y"]), wanted, forward)
    else:
        close(what, numbers(step.after[operand]), wanted, forward)


def of(pair: Pair, op: str) -> list[Step]:
    return [step for step in pair.steps if step.op == op]


def _forward(pair: Pair, step: Step) -> bool:
    loss = next(number for number, s in enumerate(pair.steps) if s.op == "softmax_cross_entropy")
    return any(s is step for s in pair.steps[:loss])
