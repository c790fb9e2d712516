"""Layers of few bits: what they refuse, how they are described, centring and scaling against PyTorch, integers."""

from __future__ import annotations

import numpy as np
import pytest
from compared import examples, unsettle
from traces import feed, numbers, started, traced

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.errors import SpecError
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    Concat,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    Layer,
    Network,
    Quantise,
    QuantisedConv2D,
    QuantisedDense,
    ReLU,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.ops.gradient_unit import LARGER
from linocut.ops.levels import levels_of_planes
from linocut.optimizers import SGD
from linocut.policies import lean, standard

CLASSES, BATCH, RATE = 4, 5, 0.05
STEM = (Input((7, 6, 3)), Conv2D(5), BatchNorm())
HEAD = (GlobalAveragePool(), Dense(CLASSES), BatchNorm(), SoftmaxCrossEntropy())


def network(*layers: Layer) -> Network:
    return Network("own", (*STEM, *layers))


CENTRED = network(
    *(Quantise(2), QuantisedConv2D(6, bits=2, scaled=True, centred=True), BatchNorm(), Quantise(4)),
    *(
        QuantisedConv2D(5, 2, bits=1, scaled=True, centred=True, floats=True),
        ReLU(),
        BatchNorm(),
        Quantise(2),
        Flatten(),
    ),
    *(QuantisedDense(CLASSES, bits=4, scaled=True, centred=True), BatchNorm(), SoftmaxCrossEntropy()),
)


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (lambda: (Quantise(3),), "quantise bits is 3, must be 1, 2 or 4"),
        (lambda: (QuantisedConv2D(5, bits=8),), "quantised_conv2d bits is 8, must be 1, 2 or 4"),
        (lambda: (QuantisedDense(5, bits=True),), "quantised_dense bits is True, must be 1, 2 or 4"),
        (
            lambda: (Quantise(2), QuantisedConv2D(5, activation_bits=4)),
            "quantised_conv2d1 has activation_bits 4, but is given levels of 2 bits; put a quantise of bits = 4 before",
        ),
        (
            lambda: (Quantise(2), BinaryConv2D(4)),
            "levels go into a quantised_conv2d, a quantised_dense, a max_pool2d, a flatten",
        ),
        (
            lambda: (Quantise(2).named("x"), Quantise(4).after("batch_norm1"), Concat().after("x", "quantise2")),
            "cannot join levels of 2 bits with levels of 4 bits; give all inputs the same bits",
        ),
        (
            lambda: (Quantise(2), Concat().after("quantise1", "batch_norm1")),
            "cannot join levels of 2 bits with floats; put a quantise of bits = 2 behind each input, or none",
        ),
        (lambda: (QuantisedConv2D(5),), "takes signs or levels of 2 bits or levels of 4 bits, not a batch norm's"),
        (
            lambda: (ReLU(), Conv2D(1), BatchNorm(), Sign(), QuantisedConv2D(5, centred=True)),
            "centred weights of one input are all 0; leave centred out",
        ),
        (lambda: (Quantise(2), QuantisedConv2D(5, span=2)), "quantised_conv2d span is 2, must be above 0, up to 1"),
        (lambda: (Quantise(2), QuantisedConv2D(5, span=0.5, scaled=True)), "span is 0.5, must be 1 for scaled weights"),
        (lambda: (Quantise(2), QuantisedConv2D(5, scaled=1)), "quantised_conv2d scaled is 1, must be True or False"),
    ],
)
def test_what_cannot_be_is_refused(layers, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        network(*layers(), BatchNorm(), *HEAD)


def test_a_file_describes_them() -> None:
    found = Network.from_dict(CENTRED.to_dict())
    assert found == CENTRED
    entry = {"layer": "quantised_conv2d", "filters": 6, "bits": 4, "activation_bits": 2}
    before = network(Quantise(2), Flatten(), QuantisedDense(2), BatchNorm(), SoftmaxCrossEntropy()).to_dict()["layers"][
        :4
    ]
    after = network(*HEAD).to_dict()["layers"][2:]
    own = Network.from_dict({"name": "own", "layers": [*before, entry, *after]})
    node = own.graph.node("quantised_conv2d1")
    assert (node.cost.weight_bits, node.cost.input_bits) == (4, 2)
    assert node.cost.stored_bits == 4 * 6 * 9 * 5 and node.cost.binary_macs == 4 * 2 * 6 * 9 * 5 * 42
    assert "1- to 4-bit par." in str(own) and "of 4 bits or fewer" in str(own)


@pytest.mark.parametrize(("span", "levels"), [(1.0, {-1, 1}), (0.05, {-3, -1, 1, 3})])
def test_a_span_says_which_latents_have_the_largest_level(span: float, levels: set[int]) -> None:
    """In training and as it is folded."""
    own = network(Quantise(2), QuantisedConv2D(40, span=span), BatchNorm(), *HEAD)
    trainer = lc.Trainer(own, "lean", batch_size=BATCH, threads=1)
    latents = trainer.state["quantised_conv2d1.weights"]
    trainer.state["quantised_conv2d1.weights"] = np.clip(latents, -0.3, 0.3)
    node = trainer.inference_graph().node("quantised_conv2d1")
    assert set(np.unique(levels_of_planes(node.weights, 5)).tolist()) == levels
    images, _ = examples(own, BATCH, np.random.default_rng(0))
    given = trainer.capture(images, "quantised_conv2d1")["quantised_conv2d1"]
    found = lc.Predictor(trainer.inference_graph()).predict(images).outputs
    assert np.array_equal(found, trainer.predict(images).outputs) and np.unique(given).size > 10


def test_levels_of_one_bit_are_a_binary_layer() -> None:
    assert network(Quantise(1), QuantisedConv2D(5, bits=1), BatchNorm(), *HEAD).graph.node("quantise1").output.kind == (
        network(Sign(), QuantisedConv2D(5, bits=1), BatchNorm(), *HEAD).graph.node("sign1").output.kind
    )


def test_a_step_from_centred_weights_is_that_of_the_gradient_through_centring() -> None:
    """SGD under `standard`: the update and the centring after it, beside PyTorch's gradient of mean|CW| q(CW)."""
    torch = pytest.importorskip("torch")
    from pytorch_networks import Oracle

    session = started(compile_network(CENTRED, standard, SGD(RATE, momentum=0.0), BATCH), 3)
    rng = np.random.default_rng(3)
    unsettle(session, rng)
    names = [node.name for node in CENTRED.graph.nodes if node.name.startswith("quantised")]
    for name in names:
        w = session.array(f"{name}.weights")
        w[...] = rng.uniform(-0.6, 0.6, w.shape)
        w -= w.mean(-1, keepdims=True)
    images, truth = examples(CENTRED, BATCH, rng)
    oracle = Oracle(CENTRED, session)
    leaves = {name: oracle.weights[name] for name in names}
    for name, leaf in leaves.items():
        oracle.weights[name] = leaf - leaf.mean(-1, keepdim=True)
    oracle.loss(images, truth).backward()
    feed(session, images, CENTRED.loss.as_truth(truth))
    session.array("control")[0] = RATE
    session.run("train")
    for name, leaf in leaves.items():
        expected = (leaf - RATE * leaf.grad).detach().numpy()
        moved = np.abs(RATE * leaf.grad.numpy()).max()
        assert moved > 1e-5
        assert np.abs(session.array(f"{name}.weights") - expected).max() <= 1e-3 * moved + 1e-6, name
    assert torch.is_grad_enabled()


def test_under_lean_weights_are_centred_to_a_unit_and_floats_become_mantissas() -> None:
    layers = (
        Residual((Quantise(2), QuantisedConv2D(5, bits=2, scaled=True, centred=True, floats=True), ReLU())),
        *HEAD,
    )
    own = network(*layers)
    session = started(compile_network(own, lean, SGD(RATE), BATCH), 3)
    rng = np.random.default_rng(4)
    images, truth = examples(own, BATCH, rng)
    for _ in range(3):
        feed(session, images, own.loss.as_truth(truth))
        steps = traced(session, "train")
    w = session.array("quantised_conv2d1.weights").astype(np.int64)
    assert np.abs(w).max() < 32767 and np.abs(w.sum(-1)).max() <= w.shape[-1] / 2, "centred, and none was clipped"
    (gradient,) = (s for s in steps if s.op == "norm_gradient" and s.name.startswith("quantised_conv2d1"))
    unit = int(gradient.before["unit"].data[0]) + LARGER
    wanted = np.ldexp(numbers(gradient.before["dx"]), unit) / gradient.before["stats"].data[1]
    exponent = int(gradient.after["dy_exponent"].data[0])
    found = np.ldexp(numbers(gradient.after["dy"]), exponent)
    within = np.abs(wanted) <= 127 * 2.0**exponent
    assert within.mean() > 0.98 and np.abs(found - wanted)[within].max() <= 2.0**exponent
    assert np.abs(found).max() > 30 * 2.0**exponent, "mantissas are used"
