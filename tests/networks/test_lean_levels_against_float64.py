"""`lean` on layers of 2 and 4 bits against docs/design/numbers.md in float64: products, masks and all gradients.

Levels are formed here from the published formula, of latent weights and of what norms say of stored sums.
"""

from __future__ import annotations

import images
import numpy as np
import pytest
from traces import Step, feed, in_deviations, numbers, started, traced

from linocut.compile.lower import compile_network
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    Flatten,
    Input,
    MaxPool2D,
    Network,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    SoftmaxCrossEntropy,
)
from linocut.ops.bits import Array
from linocut.optimizers import Adam
from linocut.policies import lean

CLASSES, BATCH, RATE, SEED = 5, 9, 0.05, 7
ONE = 32767  # of a latent weight
NETWORK = Network(
    "levels",
    (
        *(Input((9, 8, 3)), BinaryConv2D(7), BatchNorm(), Quantise(2).named("a"), MaxPool2D(2).named("pooled")),
        *(QuantisedConv2D(66).named("two"), BatchNorm(), Quantise(4).named("b")),
        *(QuantisedConv2D(6, 2, 2, bits=4).named("four"), BatchNorm(), Quantise(2).named("c"), Flatten().named("flat")),
        *(QuantisedDense(CLASSES, bits=4).named("dense"), BatchNorm(), SoftmaxCrossEntropy()),
    ),
)
# Of each layer: its bits, the bits of what it reads, and the node that gives that.
LAYERS = {"two": (2, 2, "pooled"), "four": (4, 4, "b"), "dense": (4, 2, "flat")}
NORMS = {"a": 2, "b": 4, "c": 2}


def q(x: Array, bits: int) -> Array:
    """2 (round((2^k - 1)(x + 1) / 2) / (2^k - 1) - 1/2) of x within [-1, 1], to even, times 2^k - 1: odd integers."""
    n = 2**bits - 1
    return 2 * np.rint(n * (np.clip(x, -1, 1) + 1) / 2) - n


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    """Of the third step, before which latent weights have spread over all levels."""
    session = started(compile_network(NETWORK, lean, Adam(RATE), BATCH), SEED)
    rng = np.random.default_rng(SEED)
    for buffer in session.program.persistent():
        if buffer.name.endswith(".beta"):
            session.array(buffer.name)[...] = rng.normal(0, 0.5, buffer.shape)
        if buffer.name.partition(".")[0] in LAYERS and buffer.name.endswith(".weights"):
            session.array(buffer.name)[...] = rng.integers(-ONE, ONE + 1, buffer.shape)
    for _ in range(3):
        feed(session, rng.integers(0, 256, (BATCH, *NETWORK.input.shape), np.uint8), rng.integers(0, CLASSES, BATCH))
        found = traced(session, "train")
    return found


def of(steps: list[Step], op: str, layer: str) -> list[Step]:
    return [step for step in steps if step.op == op and step.layer == layer]


def normed(steps: list[Step], act: str) -> Array:
    """What the norm before a quantise gives, in float64, of the sums, statistics and shift that are stored."""
    (sign,) = of(steps, "norm_sign", act)
    mean, psi = (row.astype(np.float64) for row in sign.before["stats"].data)
    x = (sign.before["y"].data - mean) / psi + sign.before["beta"].data[0].astype(np.float64)
    n = 2 ** NORMS[act] - 1
    edges = np.abs(n * (x[..., None] + 1) / 2 - 0.5 - np.arange(n))
    assert edges.min() > 1e-9, "clear of ties"
    found: Array = x.reshape(sign.before["y"].shape)
    return found


def given(steps: list[Step], layer: str) -> Array:
    """The levels that a layer reads, as odd integers."""
    if layer == "two":
        x = q(normed(steps, "a"), 2)
        return images.largest(x, images.moving(NETWORK, "pooled", x.shape))
    if layer == "four":
        return q(normed(steps, "b"), 4)
    return q(normed(steps, "c"), 2).reshape(BATCH, -1)


def latents(steps: list[Step], layer: str) -> Array:
    first = of(steps, "quantise", layer)[0]
    found: Array = first.before["x"].data.reshape(first.before["x"].shape) / ONE
    return found


def window(layer: str, x: Array) -> images.Moving:
    return images.moving(NETWORK, layer, x.shape)


@pytest.mark.parametrize("layer", LAYERS)
def test_products_are_those_of_the_formula(steps: list[Step], layer: str) -> None:
    """Exact integers: sums of odd ones over all taps, of which padding is 0."""
    x, w = given(steps, layer), q(latents(steps, layer), LAYERS[layer][0])
    assert len(np.unique(w)) == 2 ** LAYERS[layer][0] and len(np.unique(x)) == 2 ** LAYERS[layer][1]
    expected = x @ w.T if x.ndim == 2 else images.convolved(x, w, window(layer, x))
    y = of(steps, "add_product", layer)[-1].after["y"]
    assert np.array_equal(y.values().astype(np.int64).reshape(expected.shape), expected)


@pytest.mark.parametrize("act", NORMS)
def test_gradients_pass_where_x_is_within_one(steps: list[Step], act: str) -> None:
    (sign,) = of(steps, "norm_sign", act)
    x = normed(steps, act).reshape(sign.before["y"].data.shape)
    assert np.array_equal(sign.after["mask"].bits(), np.abs(x) <= 1)
    inside = sign.after["mask"].bits()
    assert np.array_equal(sign.after["half"].bits(), np.abs(x) <= np.where(inside, 0.5, 2.0))
    assert 0.2 < inside.mean() < 0.9


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_of_inputs_count_levels_of_both(steps: list[Step], layer: str) -> None:
    """Y = sum of n x^ times n' w^: dX is n times the sum of dY times levels of weights, shifted."""
    bits, of_x, _ = LAYERS[layer]
    (step,) = of(steps, "levels_input_gradient", layer)
    dy, w = step.before["dy"].values().astype(np.int64), q(latents(steps, layer), bits)
    image = step.after["dx"].shape
    if layer == "dense":
        total = (2**of_x - 1) * (dy.reshape(BATCH, -1) @ w)
    else:
        total = (2**of_x - 1) * images.input_gradient(dy, w, image, images.moving(NETWORK, layer, image))
    right = int(step.after["dx_exponent"].data[0]) - int(step.before["dy_exponent"].data[0])
    expected = np.clip(np.floor(total / 2**right + 0.5), -127, 127)
    found = step.after["dx"].values().reshape(expected.shape)
    assert np.array_equal(found, expected) and np.abs(found).max() > 30


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_follow_the_gradient_by_levels_of_inputs(steps: list[Step], layer: str) -> None:
    """The moment of dW = dY^T x^ in deviations of its words, to nearest; the weight within a unit of w - 3 lr m^."""
    x = given(steps, layer)
    (step,) = (one for one in steps if one.layer == layer and one.op.endswith("weight_gradient_adam"))
    dy = step.before["dy"].values().astype(np.float64)
    dw = dy.reshape(BATCH, -1).T @ x if x.ndim == 2 else images.weight_gradient(dy, x, window(layer, x))
    moment = 0.9 * numbers(step.before["m"]) + 0.1 * in_deviations(dw.reshape(numbers(step.before["m"]).shape))
    assert np.abs(numbers(step.after["m"]) - moment).max() <= 0.551 + 127 * 2.0**-15
    rate = 3 * RATE / (1 - 0.9**3)
    moved = numbers(step.before["w"]) - rate * ONE * numbers(step.after["m"]) / 127
    assert np.abs(numbers(step.after["w"]) - np.clip(moved, -ONE, ONE)).max() < 1.01
