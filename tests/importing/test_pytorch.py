"""What was trained in PyTorch predicts the same here: products integer by integer, classes, accuracy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from node_values import node_values  # noqa: E402
from straight_through import levels  # noqa: E402
from torch_networks import EXAMPLES, as_tensor, images, of_levels, trained  # noqa: E402

import linocut as lc  # noqa: E402
from linocut.layers import (  # noqa: E402
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Flatten,
    Input,
    Residual,
    Sign,
    SoftmaxCrossEntropy,
)

POLICIES = ("standard", "wang2021", "lean", "lean8")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ["convolutional", "partly_real"])
def test_predictions_are_those_of_pytorch(name: str, policy: str) -> None:
    module, network = trained(name)
    trainer = lc.Trainer(network, policy, batch_size=50)
    before = trainer.state
    assert set(lc.import_pytorch(trainer, module.state_dict())) == set(before)
    x, y = images()
    x, y = x[EXAMPLES:], y[EXAMPLES:]
    with torch.no_grad():
        logits = module(as_tensor(x)).numpy()
    predictor = lc.Predictor(trainer.inference_graph())
    found = np.stack([predictor(image).copy() for image in x])
    right, expected = (found.argmax(1) == y).mean(), (logits.argmax(1) == y).mean()
    assert expected > 0.6, "PyTorch has learned nothing"
    exact = policy == "standard" or network.name == "convolutional"
    if exact:  # f32 statistics; in f16 a norm of float layers is another in the fourth digit
        assert np.abs(found - logits).max() < (1e-4 if policy == "standard" else 0.02)
        assert right == expected
    assert abs(right - expected) < 0.02


@pytest.mark.parametrize("policy", POLICIES)
def test_products_are_the_integers_of_pytorch(policy: str) -> None:
    module, network = trained("convolutional")
    trainer = lc.Trainer(network, policy, batch_size=50)
    lc.import_pytorch(trainer, module.state_dict())
    x = images()[0][EXAMPLES : EXAMPLES + 50]
    places = {"binary_conv2d1": 0, "binary_conv2d2": 3, "binary_dense1": 8, "binary_dense2": 11}
    found = trainer.capture(x, list(places))
    given = as_tensor(x)
    with torch.no_grad():
        for number, layer in enumerate(module):
            given = layer(given)
            name = next((name for name, place in places.items() if place == number), None)
            if name is None:
                continue
            bias = 0 if layer.bias is None else layer.bias.numpy()
            product, here = np.moveaxis(given.numpy(), 1, -1) - bias, found[name]
            if number in (0, 8):  # channels that a negative scale turned
                product = product * np.where(module[number + 1].weight.detach().numpy() < 0, -1, 1)
            if number > 0:
                np.testing.assert_array_equal(here, np.rint(product))
            else:  # of bytes: integers, or, as the policy has it, numbers of 16 bits at least
                whole = np.abs(here).max() > 100
                np.testing.assert_allclose(here / (255 if whole else 1), product, rtol=1e-3, atol=2e-3)


def test_names_say_which_module_is_which_layer() -> None:
    module, network = trained("convolutional")
    state = module.state_dict()
    turned = dict(reversed(state.items()))
    names = {"0": "binary_conv2d1", "3": "binary_conv2d2", "8": "binary_dense1", "11": "binary_dense2"}
    names |= {"1": "batch_norm1", "5": "batch_norm2", "9": "batch_norm3", "12": "batch_norm4"}
    one, other = (lc.Trainer(network, "standard", batch_size=50) for _ in range(2))
    lc.import_pytorch(one, state)
    lc.import_pytorch(other, turned, names)
    for name in one.state:
        np.testing.assert_array_equal(one.state[name], other.state[name])
    with pytest.raises(lc.SpecError, match=r"11 has weights .10, 64.*binary_conv2d1 of convolutional"):
        lc.import_pytorch(other, turned)


def small(*layers, outputs: int = 4) -> lc.Trainer:
    network = lc.Network("small", (Input((2, 2, 2)), Flatten(), *layers, SoftmaxCrossEntropy()))
    return lc.Trainer(network, "standard", batch_size=10)


def state(gamma=(1.0, 1.0, 1.0, 1.0), outputs: int = 4, **more):
    weights = np.arange(8.0 * outputs).reshape(outputs, 8) % 3 - 1
    norm = {"running_mean": np.ones(outputs), "running_var": np.ones(outputs)}
    norm |= {"weight": np.array(gamma), "bias": np.full(outputs, 0.5)}
    return {"fc.weight": weights, **{f"bn.{part}": value for part, value in norm.items()}, **more}


def test_a_weight_of_zero_and_the_smallest_negative_one_keep_their_signs() -> None:
    weights = np.array([[0.0, -0.0, -1e-12, 1e-12, -1e-45, -5.0, 5.0, -1e-3]] * 4)
    for policy, optimizer in itertools.product(POLICIES, ("adam", "bop")):
        network = lc.Network("small", (Input((2, 2, 2)), Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()))
        trainer = lc.Trainer(network, policy, optimizer, batch_size=10)
        lc.import_pytorch(trainer, state() | {"fc.weight": weights})
        bits = np.unpackbits(trainer.state.signs("binary_dense1.weights").view(np.uint8), bitorder="little")
        channels_last = [0, 4, 1, 5, 2, 6, 3, 7]
        expected = np.array([1, 1, 0, 1, 0, 0, 1, 0])[channels_last]
        np.testing.assert_array_equal(bits.reshape(4, -1)[:, :8], np.tile(expected, (4, 1)))


@pytest.mark.parametrize(
    ("gamma", "layers", "message"),
    [
        ((1, 2, 1, 1), (BinaryDense(4), BatchNorm()), "bn scales by 2, batch_norm1 has no scale.*give it scale=True"),
        (
            (1, -3, 1, 1),
            (BinaryDense(4), BatchNorm(), Residual((Sign(), BinaryDense(4), BatchNorm())), BatchNorm(), Sign()),
            "channel 1 by a negative -3.*batch_norm3 reads",
        ),
    ],
)
def test_norms_that_cannot_be_said_are_refused(gamma, layers, message) -> None:
    more, names = {}, {}
    if len(layers) > 2:
        layers = (*layers, BinaryDense(4), BatchNorm())
        more = {"fc2.weight": np.ones((4, 4)), "fc3.weight": np.ones((4, 4))}
        for module in "abz":
            more |= {f"{module}.running_mean": np.ones(4), f"{module}.running_var": np.ones(4)}
        names = {"bn": "batch_norm3"}
    given = state(gamma, **more)
    trainer = small(*layers)
    before = {name: trainer.state[name] for name in trainer.state}
    with pytest.raises(lc.SpecError, match=message):
        lc.import_pytorch(trainer, given, names)
    for name, value in before.items():  # nothing is changed
        np.testing.assert_array_equal(trainer.state[name], value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("bn.running_var"), "bn has a running_mean and no running_var"),
        (lambda s: s.update({"x.alpha": np.ones(3)}), "x.alpha is no part of"),
        (lambda s: s.update({"x.weight": np.ones(3)}), "x has no weights of two dimensions"),
        (
            lambda s: s.update({"fc.weight": np.ones((4, 9))}),
            r"fc has weights \(4, 9\).*binary_dense1 of small",
        ),
        (lambda s: s.update({"a.weight": np.ones((4, 8))}), "small has 1 layers with weights .binary_dense1.*2 .fc, a"),
        (lambda s: s.update({"fc.weight": "many"}), "fc.weight is str, must be a tensor"),
        (lambda s: s.update({"fc.weight": np.full((4, 8), np.nan)}), "binary_dense1.weights is given nan"),
    ],
)
def test_what_does_not_fit_is_refused(change, message) -> None:
    given = state()
    change(given)
    with pytest.raises(lc.SpecError, match=message):
        lc.import_pytorch(small(BinaryDense(4), BatchNorm()), given)


def of_floats(low: float, high: float, policy: str) -> lc.Trainer:
    """Scaled convolutions, as XNOR-Net has them, of inputs in floats."""
    layers = (
        *(BinaryConv2D(8, 3), BatchNorm(), Sign(), BinaryConv2D(8, 3, scaled=True), BatchNorm(), Sign(), Flatten()),
        *(BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()),
    )
    return lc.Trainer(lc.Network("of_floats", (Input((4, 4, 2), "f32", low, high), *layers)), policy, batch_size=40)


def test_integer_policies_read_what_standard_reads() -> None:
    draw = np.random.default_rng(0)
    given = {"a.weight": draw.normal(size=(8, 2, 3, 3)), "b.weight": draw.normal(size=(8, 8, 3, 3))}
    given["c.weight"] = draw.normal(size=(4, 128))
    for name, channels, size in (("d", 8, 6.0), ("e", 8, 3.0), ("f", 4, 9.0)):
        given |= {f"{name}.running_mean": draw.normal(size=channels), f"{name}.running_var": np.full(channels, size**2)}
    x = (draw.integers(0, 256, (40, 4, 4, 2)) / 255 * 6 - 3).astype(np.float32)  # what bytes hold
    outputs = {}
    for policy in ("standard", "lean"):
        trainer = of_floats(-3, 3, policy)
        lc.import_pytorch(trainer, given)
        predictor = lc.Predictor(trainer.inference_graph())
        outputs[policy] = np.stack([predictor(one).copy() for one in x])
    np.testing.assert_allclose(outputs["lean"], outputs["standard"], atol=0.02)
    with pytest.raises(lc.SpecError, match=r"inputs of of_floats from 0 to 3 are coded around 1\.5 under lean"):
        lc.import_pytorch(of_floats(0, 3, "lean"), given)


def test_unknown_names_are_refused() -> None:
    trainer = small(BinaryDense(4), BatchNorm())
    with pytest.raises(lc.SpecError, match="fcc"):
        lc.import_pytorch(trainer, state(), {"fcc": "binary_dense1"})
    with pytest.raises(lc.SpecError, match="binary_dense2"):
        lc.import_pytorch(trainer, state(), {"fc": "binary_dense2"})


def test_a_bias_without_a_norm_needs_a_layer_with_one() -> None:
    given = {"fc.weight": np.ones((4, 8)), "fc.bias": np.ones(4)}
    with pytest.raises(lc.SpecError, match="give it bias=True"):
        lc.import_pytorch(small(lc.layers.Dense(4)), given)
    trainer = small(lc.layers.Dense(4, bias=True))
    lc.import_pytorch(trainer, given)
    np.testing.assert_array_equal(trainer.state["dense1.bias"], [[1, 1, 1, 1]])


def test_training_goes_on_from_what_was_imported() -> None:
    module, network = trained("convolutional")
    x, y = images()
    trainer = lc.Trainer(network, "lean", lc.Adam(1e-3), batch_size=50)
    for name in trainer.state.moments:
        trainer.state.moments[name] = trainer.state.moments[name] + 0.5
    lc.import_pytorch(trainer, module.state_dict())
    assert all(not trainer.state.moments[name].any() for name in trainer.state.moments)
    history = trainer.fit((x[:EXAMPLES], y[:EXAMPLES]), 2)
    assert history[-1].train_accuracy > 0.85


@pytest.mark.parametrize("policy", POLICIES)
def test_levels_are_those_of_pytorch(policy: str) -> None:
    """Products in odd integers are the same; 16-bit statistics move activations that lie at a boundary over it."""
    module, network = of_levels()
    trainer = lc.Trainer(network, policy, batch_size=50)
    lc.import_pytorch(trainer, module.state_dict())
    x = images()[0][EXAMPLES : EXAMPLES + 50]
    graph = trainer.inference_graph()
    found = node_values(graph, x)
    given = as_tensor(x).double()
    with torch.no_grad():
        for number, layer in enumerate(module):
            if number in (4, 8):
                bits = 2 if number == 4 else 4
                signed, whole = levels(layer.weight, bits) * (2**bits - 1), given * (2**bits - 1)
                bare = torch.nn.functional.conv2d(whole, signed, padding=1) if number == 4 else whole @ signed.T
                here = found["quantised_conv2d1" if number == 4 else "quantised_dense1"]
                apart = np.abs(np.rint(np.moveaxis(bare.numpy(), 1, -1)) - here)
                assert (apart.max() == 0) if policy != "wang2021" else (apart.mean() < 0.02 * here.std())
            given = layer(given)
    predicted = lc.Predictor(graph).predict(x).outputs
    off = np.abs(predicted - given.numpy())
    assert off.mean() < 0.02 and (policy == "wang2021" or off.max() < 0.02)
    assert np.ptp(given.numpy()) > 3
