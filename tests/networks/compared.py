"""One step of `standard` beside PyTorch: what every instruction wrote, and what it must have written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from pytorch_networks import EPSILON, Oracle, torch
from straight_through import levels
from traces import Step, feed, numbers, started, traced

from linocut.compile.lower import compile_network
from linocut.graph.network import Network
from linocut.layers import BatchNorm, Concat, Flatten, Quantise, QuantisedLayer, Sign, SoftmaxCrossEntropy
from linocut.layers.kinds import BITS, BITS_OF, LEVELS_2, LEVELS_4
from linocut.ops.bits import Array
from linocut.optimizers import Adam, Optimizer
from linocut.policies import standard
from linocut.run.session import ReferenceSession

FLOOR = 1e-9  # of a gradient that is 0 but for rounding
LOSSES = ("softmax_cross_entropy", "sigmoid_cross_entropy", "mean_squared_error")
UPDATES = (
    "adam",
    "sgd",
    "decay_weights",
    "centre_weights",
    "optimizer_tick",
)  # what they come to is compared by the state after a step
# What is made of these is compared.
SUMS = ("norm_statistics", "norm_gradient_sums", "channel_scale", "quantise", "levels_to_bytes", "add_product")


@dataclass(frozen=True)
class Pair:
    """The two sides after one step; the oracle's gradients are there."""

    session: ReferenceSession
    oracle: Oracle
    steps: list[Step]
    loss: float
    correct: int
    batch: int


def unsettle(session: ReferenceSession, rng: np.random.Generator) -> None:
    """Shifts, biases and scales that matter."""
    for buffer in session.program.persistent():
        part = buffer.name.partition(".")[2]
        if part in ("beta", "bias"):
            session.array(buffer.name)[...] = rng.normal(0, 0.5, buffer.shape)
        elif part == "weights" and buffer.name.startswith("quantised"):
            session.array(buffer.name)[...] = rng.uniform(-1, 1, buffer.shape)
        elif part == "gamma":
            session.array(buffer.name)[...] = rng.normal(1, 0.5, buffer.shape)


def examples(network: Network, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Random examples, and labels or targets as the network's loss takes them."""
    shape, outputs = (count, *network.input.shape), network.graph.outputs
    images = rng.integers(0, 256, shape, np.uint8)
    if network.input.dtype == "f32":
        images = rng.uniform(-1, 1, shape).astype(np.float32)
    if isinstance(network.loss, SoftmaxCrossEntropy):
        return images, rng.integers(0, network.classes, count)
    if network.classes:
        return images, rng.integers(0, 2, count) if outputs == 1 else rng.uniform(0, 1, (count, outputs))
    return images, rng.normal(0, 1, (count, outputs)).astype(np.float32)


def one_step(network: Network, batch: int, seed: int, optimizer: Optimizer | None = None) -> Pair:
    """One step of both from the same weights, with shifts that matter."""
    session = started(compile_network(network, standard, optimizer or Adam(), batch), seed)
    rng = np.random.default_rng(seed)
    unsettle(session, rng)
    images, truth = examples(network, batch, rng)
    oracle = Oracle(network, session)
    loss = oracle.loss(images, truth)
    loss.backward()
    feed(session, images, network.loss.as_truth(truth))
    steps = traced(session, "train")
    return Pair(session, oracle, steps, loss.item(), oracle.correct(truth), batch)


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
        "real_matmul": "y",
        "max_pool": "y",
        "average_pool": "y",
        "relu": "y",
        "tanh": "y",
        "sigmoid": "y",
        "real_sign": "bits",
        "add_bias": "y",
    }.items()
}
_FORWARD["to_numbers"] = ("y", lambda oracle, name: oracle.inputs[name])
_BACKWARD: dict[str, tuple[str, _Expected]] = {
    "weight_gradient": ("dw", lambda oracle, name: oracle.weights[name].grad),
    "conv2d_weight_gradient": ("dw", lambda oracle, name: oracle.weights[name].grad),
    **{
        op: (operand, lambda oracle, name: oracle.inputs[name].grad)
        for op, operand in {
            "input_gradient": "dx",
            "conv2d_input_gradient": "dx",
            "levels_input_gradient": "dx",
            "max_pool_gradient": "dx",
            "average_pool_gradient": "dx",
            "tanh_gradient": "dx",
            "sigmoid_gradient": "dx",
            **dict.fromkeys(LOSSES, "gradient"),
        }.items()
    },
}


def check_every_instruction(pair: Pair, forward: float, backward: float) -> None:
    """All products, pooled values, numbers and signs; all gradients of inputs and of what is learned."""
    missing = {(layer, part) for part, group in pair.oracle.learned.items() for layer in group}
    graph = pair.oracle.network.graph
    last = graph.giver(graph.nodes[-1]).name  # which writes what is called logits
    for step in (replace(step, layer=last) if step.layer == "logits" else step for step in pair.steps):
        what = f"{step.op} of {step.name}"
        if step.op in _FORWARD:
            operand, expected = _FORWARD[step.op]
            close(what, numbers(step.after[operand]), expected(pair.oracle, step.layer), forward)
        elif "dw" in step.after and step.op in _BACKWARD and _is_mended(pair, step):
            continue
        elif step.op in _BACKWARD:
            operand, expected = _BACKWARD[step.op]
            close(what, numbers(step.after[operand]), expected(pair.oracle, step.layer), backward)
            missing -= {(step.layer, "weights")} if operand == "dw" else set()
        elif step.op in _OTHERS:
            missing -= {(step.layer, part) for part in _OTHERS[step.op](pair, step, what, forward, backward)}
        else:
            assert step.op in (*UPDATES, *SUMS), f"{what} is not compared"
    assert not missing, f"without a gradient: {missing}"


def _is_mended(pair: Pair, step: Step) -> bool:
    """Whether the gradient of a scale is yet to be added to one of weights."""
    return any(s.layer == step.layer for s in of(pair, "scale_gradient"))


def check_loss(pair: Pair) -> None:
    """The loss, and how many answers are right."""
    assert pair.session.array("loss")[0] / pair.batch == pytest.approx(pair.loss, rel=1e-6)
    assert pair.session.array("counters")[:2].tolist() == [pair.correct, pair.batch]


# --- instructions whose meaning depends on the layer: each returns what is learned by the gradient that it wrote ---


def _layer(pair: Pair, step: Step) -> Any:
    return pair.oracle.network.graph.node(step.layer).layer


def _check_convolution(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Before its bias, and before its scale; products of planes are compared as they are added up and scaled."""
    layer = _layer(pair, step)
    scaled = any(s.layer == step.layer for s in of(pair, "scale_channels"))
    if isinstance(layer, QuantisedLayer) and (scaled or layer.floats):
        return ()
    wanted = pair.oracle.outputs[step.layer]
    if step.layer in pair.oracle.biases:
        wanted = wanted - pair.oracle.biases[step.layer][0]
    if any(s.layer == step.layer for s in of(pair, "channel_scale")):
        wanted = wanted / pair.oracle.weights[step.layer].detach().abs().mean((1, 2, 3))
    close(what, numbers(step.after["y"]), wanted, forward)
    return ()


def _check_scale(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Of a norm's numbers, of their gradients, and of products with scaled weights; their dY shows in dX and dW."""
    found, oracle, name = numbers(step.after["y"]), pair.oracle, step.layer
    if isinstance(_layer(pair, step), BatchNorm):
        if step.name == f"{name}.dZ" and oracle.normed[name].requires_grad:
            close(what, found, oracle.normed[name].grad, backward)
        elif step.name != f"{name}.dZ":
            close(what, found, oracle.outputs[name] - oracle.betas[name][0], forward)
    elif step.name == f"{name}.scaled":
        close(what, found, oracle.outputs[name], forward)
    return ()


def _check_norm(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Formed by the norm itself, or by what reads it; relative to the sizes that it divides by deviations."""
    node = pair.oracle.network.graph.node(step.layer)
    if isinstance(node.layer, QuantisedLayer):
        if not node.layer.scaled:
            close(what, numbers(step.after["x"]), pair.oracle.outputs[step.layer], forward)
        return ()
    arm = step.name.partition(".")[2].partition(".")[0]  # of a sum
    norm = node.name if isinstance(node.layer, BatchNorm) else node.inputs[int(arm) if arm.isdigit() else 0].node
    wanted = pair.oracle.normed.get(norm, pair.oracle.outputs[norm])
    y = pair.oracle.inputs[norm].detach().flatten(0, -2)
    divided = y.abs().max(0).values / (y.var(0, correction=0) + EPSILON).sqrt()
    close(what, numbers(step.after["x"]), wanted, forward, float(divided.max()))
    return ()


def _check_norm_gradient(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    oracle, name = pair.oracle, step.layer
    if oracle.inputs[name].requires_grad:
        own = numbers(step.after["dy"]) - (numbers(step.before["more"]) if "more" in step.before else 0.0)
        close(f"dY of {name}", own, oracle.inputs[name].grad, backward)
    if name in oracle.normed:
        return ()
    size = _summed(oracle.outputs[name].grad)
    close(what, numbers(step.after["dbeta"]), oracle.betas[name].grad, backward, size)
    return ("beta",)


def _check_gate(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Without what it is added to."""
    own = numbers(step.after["out"]) - (numbers(step.before["more"]) if "more" in step.before else 0.0)
    close(what, own, pair.oracle.inputs[step.layer].grad, backward)
    return ()


def _check_sums(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Gradients of shifts, biases and scales."""
    oracle, part = pair.oracle, step.name.split(".")[1].removeprefix("d")
    terms = oracle.outputs[step.layer].grad
    if part == "gamma":
        terms = terms * oracle.normed[step.layer].detach()
    wanted = oracle.learned[part][step.layer].grad
    close(what, numbers(step.after["sums"]), wanted, backward, _summed(terms))
    return (part,)


def _check_copy(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    oracle, name, layer = pair.oracle, step.layer, _layer(pair, step)
    found, begin = numbers(step.after["y"]), int(step.attributes["begin"])
    if ".dX" in step.name and isinstance(layer, Concat):
        arms = oracle.arms[name]
        begins = [0, *accumulate(arm.shape[-1] for arm in arms)]
        close(what, found, arms[begins.index(begin)].grad, backward)
    elif ".dX" in step.name:
        close(what, found, oracle.inputs[name].grad, backward)
    else:
        done = int(step.attributes["at"] + step.attributes["count"])  # other arms follow
        kind = oracle.network.graph.node(name).output.kind
        if kind in (LEVELS_2, LEVELS_4) and step.after["y"].format == "bit":
            return ()  # planes show in the products that they are factors of
        if kind in BITS_OF:
            found = levels(torch.tensor(found), BITS_OF[kind]).numpy()  # `standard` keeps the numbers they are made of
        elif step.after["y"].format == "u8":
            found = (2 * found - 255) / 255
        close(what, found[:, :done], oracle.outputs[name][..., :done].flatten(0, -2), forward)
    return ()


def _check_binarize(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Of weights, of activations, and of those again for dW."""
    oracle, name = pair.oracle, step.layer
    if step.name.split(".")[1].startswith("signs"):
        wanted = oracle.weights[name].detach().ge(0) * 2.0 - 1.0
    else:
        made = isinstance(_layer(pair, step), (Sign, Quantise, Concat, Flatten))
        wanted = oracle.outputs[name] if made else oracle.inputs[name]
    close(what, numbers(step.after["bits"]), wanted, 0.0)
    return ()


def _check_scale_gradient(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    close(what, numbers(step.after["dw"]), pair.oracle.weights[step.layer].grad, backward)
    return ("weights",)


def _check_flatten(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Signs; planes of levels show in the products that they are factors of."""
    node = pair.oracle.network.graph.node(step.layer)
    if node.output.kind == BITS:
        close(what, numbers(step.after["y"]), pair.oracle.outputs[step.layer], forward)
    return ()


def _check_add(pair: Pair, step: Step, what: str, forward: float, backward: float) -> tuple[str, ...]:
    """Arm after arm; sums of gradients show in the gradient of what gave the value."""
    if step.layer == "sum":
        return ()
    sums = list(accumulate(pair.oracle.arms[step.layer]))[1:]
    number = [s.name for s in of(pair, "add") if s.layer == step.layer].index(step.name)
    close(what, numbers(step.after["y"]), sums[number], forward)
    return ()


_OTHERS: dict[str, Callable[[Pair, Step, str, float, float], tuple[str, ...]]] = {
    "conv2d": _check_convolution,
    "binary_matmul": _check_convolution,
    "scale_channels": _check_scale,
    "norm_apply": _check_norm,
    "norm_gradient": _check_norm_gradient,
    "channel_sums": _check_sums,
    "conv2d_input_sums": _check_sums,
    "gate_gradient": _check_gate,
    "copy_channels": _check_copy,
    "binarize": _check_binarize,
    "flatten_bits": _check_flatten,
    "scale_gradient": _check_scale_gradient,
    "add": _check_add,
}


def _summed(terms: Any) -> float:
    """The size of what a channel's gradient is summed from: a norm behind the next layer may cancel it."""
    return float(terms.abs().reshape(-1, terms.shape[-1]).sum(0).max())


def of(pair: Pair, op: str) -> list[Step]:
    return [step for step in pair.steps if step.op == op]
