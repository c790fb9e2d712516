"""Frozen layers do not move, and take their statistics from what was learned before; gradients go through them."""

import os

import numpy as np
import pytest
from branched import CELL, ONE, SEQUENCE, opened, steps
from branched import examples as examples_of
from small_training import STEPS, examples, interrupt_at, lasting, network, trainer

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Dense,
    Flatten,
    Input,
    MaxPool2D,
    ReLU,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.ops import norm_gradient
from linocut.ops.base import View

BODY = ("binary_dense1", "batch_norm1")


def taught(freeze, **more):
    """A training with the state of one that was trained on other examples."""
    how = {"policy": more.get("policy", "lean")}
    first = trainer(network=network((24, 16)), **how)
    first.fit(examples(9), 2)
    own = trainer(network=network((24, 16)), freeze=freeze, **more)
    own.state.update(dict(first.state))
    return own


@pytest.mark.parametrize(
    ("given", "policy"), [(CELL, "lean"), (CELL, "wang2021"), (SEQUENCE, "lean8"), (ONE, "standard")]
)
@pytest.mark.parametrize("kept", [1, 2])
def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(given, policy, kept):
    """On both backends alike, where a policy's numbers are the same on both."""
    learning = [node.name for node in given.graph.nodes if any(parameter.learned for parameter in node.parameters)]
    freeze, states = learning[:kept], []
    for backend in ("native", "reference"):
        own = lc.Trainer(given, policy, batch_size=5, threads=1, freeze=freeze, backend=backend)
        before = dict(own.state)
        own.fit(examples_of(given, 20), 2)
        moved = {name.split(".")[0] for name in before if not np.array_equal(before[name], own.state[name])}
        assert moved == set(learning[kept:])
        assert not [name for name in own.state.moments if name.split(".")[0] in freeze]
        states.append(own.session.state_sha256())
    assert states[0] == states[1] or not own.settings.policy.integer


def test_nothing_is_kept_or_computed_for_what_no_gradient_goes_to():
    whole, part = trainer(network=network((24, 16))), trainer(network=network((24, 16)), freeze=BODY)

    def counts(own):
        program = own.compiled.program
        span = program.section("train")
        names = [one.op.name for one in program.instructions[span.begin : span.end]]
        kinds = ("weight_gradient_adam", "input_gradient", "norm_statistics", "norm_gradient_sums", "norm_gradient")
        return [names.count(kind) for kind in kinds]

    assert (counts(whole), counts(part)) == ([3, 2, 3, 3, 3], [2, 1, 2, 2, 2])
    assert part.plan.total_bytes < whole.plan.total_bytes


def test_frozen_binary_weights_are_bits_and_the_arena_is_a_quarter():
    """But for those whose sizes are used."""
    given = lc.models.binarynet()
    learning = [node.name for node in given.graph.nodes if any(parameter.learned for parameter in node.parameters)]
    whole, head = (compile_network(given, lc.lean, lc.Adam(), 100, frozen=some) for some in ((), learning[:-2]))
    assert 3.9 * head.program.arena_bytes < whole.program.arena_bytes
    forms = {name: place.format for name, place in head.layout.parameters.items() if name.endswith("weights")}
    assert list(forms.values()) == ["bit"] * 8 + ["q15"]
    scaled = next(node.name for node in CELL.graph.nodes if getattr(node.layer, "scaled", False))
    for policy, form in (("standard", "f32"), ("lean", "bit")):
        layout = lc.Trainer(CELL, policy, batch_size=5, freeze=[scaled]).compiled.layout
        assert layout.parameters[f"{scaled}.weights"].format == form


@pytest.mark.parametrize("frozen", [("batch_norm*",), ("binary_conv2d1", "batch_norm1"), ("binary_conv2d2",)])
def test_tiles_change_no_bit(frozen):
    """Of pools, products and groups of channels, which the program is divided into."""
    cell = (BinaryConv2D(80), MaxPool2D(2), BatchNorm(), Sign(), BinaryConv2D(130), BatchNorm(), Sign())
    given = lc.Network(
        "tiled", (Input((8, 8, 1)), *cell, Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy())
    )
    found = []
    for size in (None, 1):
        program = compile_network(given, lc.lean, lc.Adam(0.01), 6, tile_bytes=size, frozen=frozen)
        session = opened(program, threads=1)
        steps(session, given, 3)
        found.append((session.state_sha256(), len(program.program.instructions)))
    assert found[0][0] == found[1][0] and found[0][1] < found[1][1]


def test_what_was_frozen_learns_again_and_is_captured():
    """From bits weights become latents of the size that they have at first; what layers give is as before."""
    own = taught(BODY)
    images = examples(5)[0]
    first = own.capture(images, ["sign1"])["sign1"]
    own.fit(examples(), 2)
    np.testing.assert_array_equal(own.capture(images, ["sign1"])["sign1"], first)
    assert set(np.unique(own.state["binary_dense1.weights"])) == {-1.0, 1.0}


@pytest.mark.parametrize("packed", [False, True])
def test_a_run_with_frozen_layers_is_begun_from(tmp_path, packed):
    own = taught(BODY)
    own.fit(examples(), 1, out=tmp_path)
    new = trainer(network=network((24, 16)))
    size = new.state["binary_dense1.weights"].std()
    new.start_from(tmp_path / "model.safetensors" if packed else tmp_path)
    found = new.state["binary_dense1.weights"]
    np.testing.assert_array_equal(found >= 0, own.state["binary_dense1.weights"] >= 0)
    assert np.abs(found).max() == pytest.approx(size, rel=0.1)
    np.testing.assert_array_equal(new.predict(examples()[0]).outputs, own.predict(examples()[0]).outputs)


@pytest.mark.parametrize("policy", ["lean", "lean8", "standard", "wang2021"])
def test_with_all_norms_frozen_a_batch_of_one_trains(policy):
    """And learns; without, it is refused, as a norm that sees one example has no variance.

    Gradients of 1 bit move all weights by the rate, whatever a single example says: the rate is lower.
    """
    rate = 1e-4 if policy == "wang2021" else 2e-3
    own = taught(["batch_norm*"], batch_size=1, policy=policy, optimizer=lc.Adam(rate))
    before = own.evaluate(examples(9))
    norms = {name: values for name, values in own.state.items() if name.startswith("batch_norm")}
    own.fit(examples(9), 3)
    assert own.evaluate(examples(9)).loss < before.loss
    assert all(np.array_equal(values, own.state[name]) for name, values in norms.items())
    with pytest.raises(lc.SpecError, match="batch is 1, and batch_norm2 of mlp sees one row of it"):
        trainer(network=network((24, 16)), batch_size=1, freeze=BODY)


def test_gradients_through_frozen_norms_are_those_of_pytorch():
    """A step of SGD under `standard`, of real layers before, between and behind norms that use given statistics."""
    torch = pytest.importorskip("torch")
    layers = (Input((6,), "f32", -1.0, 1.0), Dense(8), BatchNorm(), Tanh(), Dense(7), BatchNorm(scale=True), ReLU())
    given = lc.Network("real", (*layers, Dense(3, bias=True), BatchNorm(), SoftmaxCrossEntropy()))
    own = lc.Trainer(given, "standard", lc.SGD(0.5, 0.0), batch_size=5, threads=1, freeze=["batch_norm*"])
    generator = np.random.default_rng(1)
    for name, values in own.state.items():
        if name.startswith("batch_norm"):
            low = 0.3 if name.endswith(("gamma", "running")) else -0.5
            own.state[name] = generator.uniform(low, 1.5, values.shape)
    x, labels = generator.uniform(-1, 1, (5, 6)).astype(np.float32), np.array([0, 1, 2, 1, 0])
    state = {name: torch.tensor(values, dtype=torch.float64) for name, values in own.state.items()}
    weights = {name: values.requires_grad_() for name, values in state.items() if name.startswith("dense")}

    def dense(name, value):
        return value @ state[f"{name}.weights"].reshape(state[f"{name}.weights"].shape[0], -1).T

    def norm(name, value):
        mean, variance = state[f"{name}.running"]
        scaled = (value - mean) / torch.sqrt(variance + 1e-5) * state.get(f"{name}.gamma", torch.ones(1))
        return scaled + state[f"{name}.beta"]

    value = torch.tanh(norm("batch_norm1", dense("dense1", torch.tensor(x, dtype=torch.float64))))
    value = torch.relu(norm("batch_norm2", dense("dense2", value)))
    value = norm("batch_norm3", dense("dense3", value) + state["dense3.bias"])
    torch.nn.functional.cross_entropy(value, torch.tensor(labels)).backward()
    own.fit((x, labels), 1)
    for name, values in weights.items():
        wanted = (values - 0.5 * values.grad).detach().numpy()
        np.testing.assert_allclose(own.state[name], wanted, rtol=1e-4, atol=1e-6)
        assert np.abs(values.grad.numpy()).max() > 1e-4


@pytest.mark.parametrize("norm", [1.0, 3.0])
def test_without_sums_the_gradient_of_a_norm_is_divided_by_the_deviation(norm):
    """What a frozen norm makes of norm_gradient, in the integers of `lean`: within the steps of its mantissas."""
    generator = np.random.default_rng(4)
    rows, channels = 40, 64
    dx, deviation = generator.integers(-127, 128, (rows, channels)).astype(np.int8), generator.uniform(3, 30, channels)
    bits = [generator.integers(0, 2**63, (rows, 1), np.uint64) for _ in range(3)]
    sums = np.zeros((5, channels))
    sums[2] = 127
    dy, exponent, scale = np.zeros_like(dx), np.zeros(1, np.int32), np.zeros(6, np.int64)
    views = {
        "dx": View(dx, "i8", channels),
        "dx_exponent": View(np.array([-9], np.int32), "i32", 1),
        **{name: View(one, "bit", channels) for name, one in zip(("x", "mask", "half"), bits, strict=True)},
        "stats": View(np.stack([np.zeros(channels), deviation]).astype(np.float32), "f32", channels),
        "beta": View(np.zeros((1, channels), np.float32), "f32", channels),
        "sums": View(sums, "f64", channels),
        "dy": View(dy, "i8", channels),
        "dy_exponent": View(exponent, "i32", 1),
        "dbeta": View(np.zeros((1, channels), np.float32), "f32", channels),
        "scale": View(scale, "i64", 6),
    }
    norm_gradient.reference(**views, norm=norm, ste=1.0)
    wanted = np.where(views["mask"].bits(), dx, 0) * 2.0**-9 / deviation
    unit = 2.0 ** int(exponent[0])
    assert np.abs(dy * unit - wanted).max() <= unit
    assert np.abs(dy).max() > 40


@pytest.mark.parametrize("step", [2, STEPS + 1])
def test_a_run_with_frozen_layers_goes_on_to_the_same_bits(tmp_path, step):
    whole = trainer(freeze=["batch_norm1"])
    expected = whole.fit(examples(), 3)
    with pytest.raises(lc.Interrupted):
        trainer(freeze=["batch_norm1"]).fit(examples(), 3, out=tmp_path, callbacks=[interrupt_at(step)])
    second = lc.Trainer.resume(tmp_path, backend="reference")
    assert second.settings.frozen == ("batch_norm1",)
    assert lasting(second.fit(examples(), 3)) == lasting(expected)
    assert second.session.state_sha256() == whole.session.state_sha256()


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (["binary_dens1"], "no layer of mlp that learns is called 'binary_dens1'.*did you mean binary_dense1"),
        (["sign1"], "no layer of mlp that learns is called 'sign1'; there are binary_dense1, batch_norm1, binary_"),
        (["*"], "all layers of mlp that learn are frozen, .*; leave one of them out"),
        ("batch_norm1", r"freeze is 'batch_norm1', must be a list of names of layers"),
    ],
)
def test_what_cannot_be_frozen(freeze, message):
    with pytest.raises(lc.SpecError, match=message):
        trainer(freeze=freeze)


def test_gradients_in_floats_do_not_go_through_frozen_norms_to_integers():
    given = lc.Network("mixed", (Input((9,)), BinaryDense(8), BatchNorm(), ReLU(), Dense(4), SoftmaxCrossEntropy()))
    with pytest.raises(lc.SpecError, match=r"batch_norm1 is frozen, but gradients in floats go through .* lean cannot"):
        lc.Trainer(given, freeze=["batch_norm1"])
    lc.Trainer(given, freeze=["batch_norm1", "binary_dense1"])
    lc.Trainer(given, "standard", freeze=["batch_norm1"])


def test_on_the_command_line(run, linocut):
    options = ["--data", "digits", "--limit", 60, "--backend", "reference"]
    freeze = ["--freeze", "binary_dense1, batch_norm*"]
    status, _, err = linocut("train", "--from", run, *options, *freeze, "--batch", 1, "--epochs", 1, "--out", "one")
    assert status == 0, err
    before, after = (lc.Trainer.resume(name, backend="reference") for name in (run, "one"))
    weights = "binary_dense1.weights"
    assert np.array_equal(after.state[weights], np.where(before.state[weights] >= 0, 1, -1))
    moved = {name for name in before.state if not np.array_equal(before.state[name], after.state[name])}
    assert moved == {weights, "binary_dense2.weights"}
    resume = ["train", "--resume", "--out", "one", "--epochs", 2, *options]
    status, _, err = linocut(*resume, "--freeze", "batch_norm1")
    assert status == 2 and "holds a run of frozen layers ('binary_dense1', 'batch_norm1', 'batch_norm2'), not" in err
    assert linocut(*resume)[0] == 0
    status, _, err = linocut("train", *options, "--freeze", "nothing", "--out", "other")
    assert status == 2 and "no layer of mlp that learns is called 'nothing'" in err
    small = ["--hidden", 16, "--freeze", "batch_norm*", "--budget", "40KiB", "--epochs", 1]
    assert linocut("train", *options, *small)[0] == 0 and os.path.isdir("runs")
