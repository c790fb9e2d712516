"""What is measured of a training network, beside its state, its counters, and a transcription of a step in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from everything_divided import compile_divided
from small_training import examples, network, trainer

import linocut as lc
from linocut.compile.lower import Compiled, compile_network
from linocut.dynamics.layer import LayerDynamics
from linocut.dynamics.observer import Observer
from linocut.dynamics.weights import weights_dynamics
from linocut.errors import RunError, SpecError
from linocut.layers import (
    LSTM,
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Dense,
    Flatten,
    Input,
    MaxPool2D,
    Network,
    ReLU,
    SequenceInput,
    SequencePool,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.run import initialise, open_session
from linocut.train import read_dynamics

POLICIES = (lc.standard, lc.wang2021, lc.lean, lc.lean8, lc.lean4)


def measured(**settings: Any) -> tuple[lc.Trainer, lc.dynamics.History, tuple[Any, ...]]:
    """A trainer after two epochs of which every step was looked at."""
    one, history = trainer(**settings), lc.dynamics.History()
    return one, history, one.fit(examples(), 2, callbacks=[history], dynamics=1)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_no_bit_changes_and_the_numbers_are_those_of_state_and_counters(policy: lc.Policy) -> None:
    settings = {"policy": policy, "network": network((24, 24)), "backend": "native", "optimizer": lc.SGD(0.3)}
    plain = trainer(**settings)
    plain.fit(examples(), 2)
    watched, history, epochs = measured(**settings)
    assert watched.session.state_sha256() == plain.session.state_sha256()
    assert history.epochs == [0, 1, 2]
    last = epochs[-1].dynamics
    of_state = weights_dynamics(watched.network.graph, watched.state)
    assert [(one.layer, one.j, one.j0) for one in last] == [
        (one.layer, pytest.approx(one.j, rel=1e-6), pytest.approx(one.j0, rel=1e-4, abs=1e-6)) for one in of_state
    ]
    weights = {one.layer: watched.state[f"{one.layer}.weights"] for one in last}
    for one in last:
        values = weights[one.layer].astype(np.float64)
        limit = policy.weight_range(values.shape[-1])
        assert one.j == pytest.approx(values.std() * values.shape[-1] ** 0.5, rel=1e-6)
        assert one.clipped == pytest.approx(np.mean(np.abs(values) >= limit * (1 - 1e-6)))
    turnover = sum(one.turnover * weights[one.layer].size for one in last) / sum(w.size for w in weights.values())
    assert turnover == pytest.approx(epochs[-1].flip_ratio, rel=1e-9) and turnover > 0
    assert [one.chi is None for one in last] == [True, False, False]
    assert all(0.2 < one.passed < 0.9 for one in last[:-1]) and last[-1].passed is None


def test_bits_without_latents_and_the_reference() -> None:
    """Bop's weights are bits; and both backends say the same."""
    native, reference = (
        measured(policy="lean", optimizer=lc.Bop(0.01, 1e-2, 1e-6), backend=backend)[2]
        for backend in ("native", "reference")
    )
    assert native[-1].dynamics == reference[-1].dynamics
    first = native[-1].dynamics[0]
    assert first.clipped is None and first.j == pytest.approx(6.0, rel=0.01) and first.turnover > 0


def small(*layers: lc.layers.Layer) -> Network:
    return Network("small", (Input((12,), "f32", -2.0, 2.0), *layers, Dense(3, bias=True), SoftmaxCrossEntropy()))


def one_step(
    described: Network, policy: str
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, tuple[LayerDynamics, ...]]:
    """Weights before a step on 40 examples, these, and what was measured of the step."""
    random = np.random.default_rng(0)
    x, labels = random.uniform(-2, 2, (40, 12)).astype(np.float32), random.integers(0, 3, 40)
    one = lc.Trainer(described, policy, lc.SGD(0.1), batch_size=40)
    before = {name: value.astype(np.float64) for name, value in one.state.items()}
    (epoch,) = one.fit((x, labels), 1, dynamics=True)
    order = lc.data.epoch_order(0, 0, 40)
    assert epoch.dynamics is not None
    return before, x[order].astype(np.float64), labels[order], epoch.dynamics


def loss_gradient(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return (p - np.eye(3)[labels]) / len(labels)


def matrix(weights: np.ndarray) -> np.ndarray:
    return weights.reshape(len(weights), -1).T


def test_the_gain_of_tanh_layers_is_that_of_their_gradients() -> None:
    state, x, labels, found = one_step(small(Dense(30), Tanh(), Dense(20, bias=True), Tanh()), "standard")
    a = np.tanh(x @ matrix(state["dense1.weights"]))
    b = np.tanh(a @ matrix(state["dense2.weights"]))
    last = loss_gradient(b @ matrix(state["dense3.weights"]), labels)
    of_dense3 = last @ matrix(state["dense3.weights"]).T
    of_dense2 = (of_dense3 * (1 - b * b)) @ matrix(state["dense2.weights"]).T
    gains = np.mean(of_dense2**2) / np.mean(of_dense3**2), np.mean(of_dense3**2) / np.mean(last**2)
    assert [one.chi for one in found] == [None, pytest.approx(gains[0], rel=1e-4), pytest.approx(gains[1], rel=1e-4)]
    assert all(one.turnover is one.clipped is one.passed is None for one in found)


@pytest.mark.parametrize("estimator", ["clip", "quadratic"])
def test_the_share_passed_is_of_normed_values_within_one(estimator: str) -> None:
    described = Network(
        "binary",
        (
            Input((12,), "f32", -2.0, 2.0),
            Dense(64),
            BatchNorm(),
            Sign(estimator),
            BinaryDense(3),
            BatchNorm(),
            SoftmaxCrossEntropy(),
        ),
    )
    state, x, _, found = one_step(described, "standard")
    y = x @ matrix(state["dense1.weights"])
    normed = (y - y.mean(0)) / np.sqrt(y.var(0) + 1e-5)
    assert found[0].passed == pytest.approx(np.mean(np.abs(normed) <= 1), abs=1e-3)


def test_micro_batches_and_steps_between_are_passed_over() -> None:
    one, history = trainer(policy="lean", micro_batch=5, backend="native"), lc.dynamics.History()
    plain = trainer(policy="lean", micro_batch=5, backend="native")
    plain.fit(examples(), 2)
    epochs = one.fit(examples(), 2, callbacks=[history], dynamics=3)  # of five steps the first and the fourth
    assert one.session.state_sha256() == plain.session.state_sha256()
    assert all(layer.turnover * layer_size(one, layer.layer) * 2 % 1 == 0 for layer in epochs[-1].dynamics)


def layer_size(one: lc.Trainer, layer: str) -> int:
    return one.state[f"{layer}.weights"].size


def observed(compiled: Compiled) -> tuple[tuple[LayerDynamics, ...], str]:
    session = open_session(compiled.program, threads=2)
    initialise(session, compiled.initial, 3)
    observer, random = Observer(session, compiled, 1), np.random.default_rng(0)
    for step in range(2):
        session.array("control")[0] = 0.01
        session.array("input")[...] = random.integers(0, 256, session.array("input").shape)
        session.array("labels")[...] = random.integers(0, 5, compiled.batch)
        observer.begin_step(step)
        observer.run()
        observer.end_step()
    return observer.layers(), session.state_sha256()


def test_a_program_in_tiles_says_what_the_whole_one_does() -> None:
    described = Network(
        "tiled",
        (
            *(
                Input((8, 6, 2)),
                BinaryConv2D(70),
                BatchNorm(),
                Sign(),
                BinaryConv2D(33, 2),
                MaxPool2D(),
                BatchNorm(),
                Sign(),
            ),
            *(BinaryConv2D(65), MaxPool2D(2, 1, "same"), BatchNorm(), Sign(), Flatten(), BinaryDense(5), BatchNorm()),
            SoftmaxCrossEntropy(),
        ),
    )
    whole = compile_network(described, lc.lean, lc.Adam(0.01), 13, tile_bytes=None)
    tiled = compile_divided(described, lc.Adam(0.01), 13, 1)
    assert len(tiled.program.instructions) > len(whole.program.instructions) + 10
    assert observed(tiled) == observed(whole)


HALVES = (Dense(64), ReLU(), Dense(64), BatchNorm(), Sign(), BinaryDense(64), BatchNorm(), ReLU(), Dense(64), ReLU())
FLOATS = (Dense(64), ReLU(), Dense(64), ReLU(), Dense(64), Tanh())


@pytest.mark.parametrize("layers", [HALVES, FLOATS], ids=["halves", "floats"])
def test_gains_are_the_same_whatever_the_formats_of_gradients(layers: tuple[Any, ...]) -> None:
    """Integers and their exponents, 16-bit floats in a unit of the loss's, bytes that a gate overwrites in place."""
    network = Network("x", (Input((36,), "f32", -1.0, 1.0), *layers, Dense(4, bias=True), SoftmaxCrossEntropy()))
    random = np.random.default_rng(0)
    given = random.uniform(-1, 1, (100, 36)).astype(np.float32), random.integers(0, 4, 100)
    gains = []
    for policy in ("standard", "lean"):
        history = lc.dynamics.History()
        one = lc.Trainer(network, policy, lc.SGD(1e-3), batch_size=100, threads=1)
        one.fit(given, 1, callbacks=[history], dynamics=True)
        gains.append([history.values(layer, "chi")[-1] for layer in list(history.layers)[1:]])
    np.testing.assert_allclose(gains[1], gains[0], rtol=0.3)


def test_each_weight_of_a_recurrent_layer_is_told_of_by_its_own_name() -> None:
    layers = SequenceInput((6, 5)), LSTM(8, block=4), SequencePool(), Dense(3), SoftmaxCrossEntropy()
    one, history = lc.Trainer(Network("heard", layers), "standard", batch_size=2, threads=1), lc.dynamics.History()
    given = np.random.default_rng(0).standard_normal((8, 6, 5)).astype(np.float32), np.arange(8) % 3
    one.fit(given, 2, callbacks=[history], dynamics=True)
    assert list(history.layers)[:2] == ["lstm1.input_weights", "lstm1.recurrent_weights"]
    assert list(history.layers)[-1] == "dense1"
    assert {len(found) for found in history.layers.values()} == {len(history.epochs)} == {3}


def test_a_run_keeps_them_in_its_log_and_goes_on(tmp_path: Any) -> None:
    one, history = trainer(backend="native"), lc.dynamics.History()
    epochs = one.fit(examples(), 2, out=tmp_path / "run", callbacks=[history], dynamics=2)
    assert read_dynamics(tmp_path / "run").layers == history.layers
    again = lc.Trainer.resume(tmp_path / "run")
    assert again.progress.history == list(epochs)
    more = lc.dynamics.History()
    again.fit(examples(), 3, callbacks=[more], dynamics=2)
    assert more.epochs == [3]
    assert read_dynamics(tmp_path / "run").epochs == [0, 1, 2, 3]
    again.fit(examples(), 4)
    assert again.progress.history[-1].dynamics is None
    trainer(backend="native").fit(examples(), 1, out=tmp_path / "plain")
    assert "dynamics" not in (tmp_path / "plain" / "log.jsonl").read_text()
    with pytest.raises(RunError, match="tells of no dynamics; train with --dynamics"):
        read_dynamics(tmp_path / "plain")
    (tmp_path / "run" / "log.jsonl").write_text('{"event": "epoch", "epoch": 1, "dynamics": [{"layer": 3}]}\n')
    with pytest.raises(RunError, match=r"cannot be read: .*put it back as it was"):
        read_dynamics(tmp_path / "run")


@pytest.mark.parametrize("dynamics", [0, -1, 2.5, "yes", 10**12])
def test_a_number_of_steps_that_cannot_be_is_refused(dynamics: object) -> None:
    with pytest.raises(
        SpecError, match=r"dynamics is .*, must be True, or after how many steps to look again, 1 or more"
    ):
        trainer().fit(examples(), 1, dynamics=dynamics)  # type: ignore[arg-type]  # wrong on purpose


def test_a_history_says_what_it_has() -> None:
    _, history, _ = measured(backend="native")
    assert history.values("binary_dense1", "turnover")[0] != history.values("binary_dense1", "turnover")[0]  # NaN at 0
    np.testing.assert_allclose(history.j_squared("binary_dense1"), history.values("binary_dense1", "j") ** 2)
    with pytest.raises(SpecError, match="binary_dens1"):
        history.values("binary_dens1", "j")
    with pytest.raises(SpecError, match="no measure is called 'chii'"):
        history.values("binary_dense1", "chii")
    with pytest.raises(SpecError, match="nothing was measured yet"):
        lc.dynamics.History().j_squared("binary_dense1")


def test_a_network_without_weights_to_flip_has_no_turnover() -> None:
    described = Network("real", (Input((6, 6, 1)), Flatten(), Dense(4, bias=True), SoftmaxCrossEntropy()))
    _, history, epochs = measured(network=described, policy="standard", backend="native")
    assert np.isnan(history.values("dense1", "turnover")).all() and epochs[-1].flip_ratio == 0.0


@pytest.mark.parametrize(
    ("policy", "estimator", "gain"),
    [
        (lc.standard, "clip", 0.6827),
        (lc.lean, "clip", 0.6827),
        (lc.wang2021, "clip", 0.9033),
        (lc.standard, "quadratic", 1.0142),
    ],
)
def test_the_gain_of_wide_random_layers_is_that_of_theory(policy: lc.Policy, estimator: str, gain: float) -> None:
    """E[g'(x)^2] (sigma_y / s)^2 for x ~ N(0, sigma_x^2), s being the norm's deviation and g' the estimator's slope."""
    layers = [layer for _ in range(3) for layer in (BinaryDense(1024), BatchNorm(), Sign(estimator))]
    described = Network("wide", (Input((1024,)), *layers, BinaryDense(10), BatchNorm(), SoftmaxCrossEntropy()))
    compiled, random = compile_network(described, policy, lc.Adam(), 512), np.random.default_rng(0)
    session = open_session(compiled.program, threads=2)
    initialise(session, compiled.initial, 0)
    session.array("input")[...] = random.integers(0, 256, (512, 1024))
    session.array("labels")[...] = random.integers(0, 10, 512)
    observer = Observer(session, compiled, 1)
    for _ in range(3):  # until the exponents of lean's gradients have caught up with them; at a rate of 0
        observer.begin_epoch()
        observer.begin_step(0)
        observer.run()
        observer.end_step()
    found = observer.layers()
    assert [one.chi for one in found[1:3]] == [pytest.approx(gain, rel=0.03)] * 2
    window = 0.5751 if policy is lc.wang2021 else 0.6827  # of |x| <= 1: plain l1 makes normed values larger
    assert [one.passed for one in found[:3]] == [pytest.approx(window, abs=0.01)] * 3
