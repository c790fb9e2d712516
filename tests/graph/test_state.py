"""State: every parameter and moment in real units, read and written without a stored bit that changes on the way."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from branched import NETWORKS, OPTIMIZERS, examples

import linocut as lc
from linocut.errors import SpecError
from linocut.formats import find_format
from linocut.graph.state import Place, StoredArrays
from linocut.layers.parameters import WEIGHT, fan_in
from linocut.ops.bits import Array, pack, unpack
from linocut.policies import POLICIES

BATCH = 6
MOMENTS = {"adam": {"m", "v"}, "sgd": {"m"}, "bop": {"m"}}  # of binary weights, where moments are floats

PAIRS = [("cell", "lean"), ("cell", "lean8"), *((name, policy) for name in ("sequence", "real") for policy in POLICIES)]


@cache
def fitted(network: str, policy: str, optimizer: str) -> lc.Trainer:
    trainer = lc.Trainer(NETWORKS[network], policy, OPTIMIZERS[optimizer], BATCH, threads=1)
    trainer.fit(examples(NETWORKS[network], 3 * BATCH), epochs=1)
    return trainer


def fresh(network: str = "cell", policy: str = "lean", optimizer: str = "adam", seed: int = 0) -> lc.Trainer:
    return lc.Trainer(NETWORKS[network], policy, OPTIMIZERS[optimizer], BATCH, seed, threads=1)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "bop"])
@pytest.mark.parametrize(("network", "policy"), PAIRS)
def test_names_and_shapes_are_those_of_the_parameters(network: str, policy: str, optimizer: str) -> None:
    state = fresh(network, policy, optimizer).state
    parameters = {parameter.name: parameter for parameter in NETWORKS[network].graph.parameters()}
    assert set(state) == parameters.keys() and len(state) == len(parameters)
    for name, parameter in parameters.items():
        assert state[name].shape == state.shape(name) == parameter.shape and state[name].dtype == np.float32
    for name, parameter in parameters.items():
        wanted = MOMENTS[optimizer] if parameter.binary else MOMENTS[optimizer if optimizer == "sgd" else "adam"]
        if POLICIES[policy].integer and parameter.binary:
            wanted = {"m"}
        found = {moment.removeprefix(f"{name}.") for moment in state.moments if moment.startswith(f"{name}.")}
        assert found == (wanted if parameter.learned else set()), name
    assert all(np.shape(state.moments[name]) == parameters[name.rpartition(".")[0]].shape for name in state.moments)


def test_sums_over_micro_batches_are_moments_too() -> None:
    """Of gradients in numbers; those of binary weights go into their moments at once."""
    parts = lc.Trainer(NETWORKS["cell"], "lean", "adam", BATCH, micro_batch=BATCH // 2, threads=1).state
    sums = {name.removesuffix(".gradient") for name in parts.moments if name.endswith(".gradient")}
    learned = {parameter for parameter in NETWORKS["cell"].graph.parameters() if parameter.learned}
    assert sums == {parameter.name for parameter in learned if not parameter.binary}


@pytest.mark.parametrize("optimizer", ["adam", "sgd with both", "bop"])
@pytest.mark.parametrize(("network", "policy"), PAIRS)
def test_what_is_read_is_written_back_without_a_bit_that_changes(network: str, policy: str, optimizer: str) -> None:
    trainer = fitted(network, policy, optimizer)
    before = trainer.session.state_sha256()
    for numbers in (trainer.state, trainer.state.moments):
        values = dict(numbers)
        assert any(np.any(array) for array in values.values())
        for name, array in values.items():
            numbers[name] = np.zeros_like(array)
            assert name.endswith("running") or not np.any(numbers[name] > 1), "zeros are stored, as signs +1"
        numbers.update(values)
    assert trainer.session.state_sha256() == before


@pytest.mark.parametrize("scale", [1.0, 0.37])
@pytest.mark.parametrize("form", ["q15", "q7", "f16", "f32", "bit"])
def test_every_stored_value_survives(form: str, scale: float) -> None:
    stored = _all_values(form)
    shape = (1, 70) if form == "bit" else (1, stored.size)
    store = stored.copy()
    place = Place("x", form, shape, scale if form.startswith("q") else 1.0)
    numbers = StoredArrays("own", {"a.b": place}, lambda name: store)
    values = numbers["a.b"]
    assert np.isfinite(values).all() and values.dtype == np.float32
    store[...] = 0
    numbers["a.b"] = values
    assert store.tobytes() == stored.tobytes()


def _all_values(form: str) -> Array:
    match form:
        case "q15":
            return np.arange(-32767, 32768).astype(np.int16)[None]
        case "q7":
            return np.arange(-127, 128).astype(np.int8)[None]
        case "f16":
            values = np.arange(2**16).astype(np.uint16).view(np.float16)
            return values[np.isfinite(values)][None]
        case "f32":
            return np.array([[0.0, -0.0, 1e-45, -3.4e38, 0.1, -1.0]], np.float32)
    return pack(np.arange(70)[None] % 3 == 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_weights_are_in_real_units(policy: str) -> None:
    """In fixed point the largest stored number stands for the policy's weight range."""
    trainer = fresh(policy=policy)
    for parameter in NETWORKS["cell"].graph.parameters():
        if parameter.use != WEIGHT or not parameter.binary:
            continue
        stored = trainer.session.array(parameter.name)
        one = find_format(POLICIES[policy].W).one
        most = POLICIES[policy].weight_range(fan_in(parameter.shape))
        values = trainer.state[parameter.name]
        assert 0.5 < values.std() * fan_in(parameter.shape) ** 0.5 < 1.5, "they start with this standard deviation"
        trainer.state[parameter.name] = np.full(parameter.shape, 0.25 * most)
        if one:
            assert np.unique(stored) == np.floor(0.25 * one + 0.5)
            trainer.state[parameter.name] = np.full(parameter.shape, -9.0)
            assert np.unique(stored) == -one, "clipped"
            assert trainer.state[parameter.name] == pytest.approx(-most)
        else:
            assert np.allclose(stored.astype(np.float64), 0.25 * most)


def test_half_floats_are_clipped_to_their_range() -> None:
    trainer = fresh(policy="wang2021")
    trainer.state["conv2d1.weights"] = np.full((6, 1, 1, 6), -1e6)
    assert np.unique(trainer.state["conv2d1.weights"]) == -65504.0


def test_signs_of_weights_that_are_bits() -> None:
    trainer = fresh(optimizer="bop")
    name, shape = "binary_conv2d2.weights", (5, 3, 3, 6)
    values = np.random.default_rng(0).normal(0, 1, shape)
    trainer.state[name] = values
    assert np.array_equal(trainer.state[name], np.where(values >= 0, 1.0, -1.0))
    trainer.state[name] = np.zeros(shape)
    assert np.unique(trainer.state[name]) == 1.0, "sgn(0) is +1"


@pytest.mark.parametrize("optimizer", ["adam", "bop"])
@pytest.mark.parametrize("policy", POLICIES)
def test_packed_signs_and_mean_sizes(policy: str, optimizer: str) -> None:
    state = fresh(policy=policy, optimizer=optimizer).state
    for name in ("binary_conv2d1.weights", "binary_conv2d3.weights"):
        values = state[name]
        assert np.array_equal(unpack(state.signs(name), values.shape[-1]), values >= 0)
        assert state.magnitudes(name) == pytest.approx(np.abs(values.astype(np.float64)).mean((1, 2, 3)))


def test_a_state_makes_the_same_network_of_another() -> None:
    trained, other = fitted("cell", "lean", "adam"), fresh(seed=5)
    images, _ = examples(NETWORKS["cell"], 20)
    expected = trained.predict(images).outputs
    assert not np.allclose(other.predict(images).outputs, expected)
    other.state.update(trained.state)
    assert np.array_equal(other.predict(images).outputs, expected)
    bits = fresh(optimizer="bop")  # without latent weights: the same signs
    bits.state.update(trained.state)
    assert (bits.predict(images).classes == trained.predict(images).classes).mean() > 0.9
    floats = fresh(policy="standard")
    floats.state.update(trained.state)
    for name, values in floats.state.items():
        assert np.array_equal(values, trained.state[name]), "f32 holds what fixed point does"


def test_reading_gives_a_copy() -> None:
    state = fresh(policy="standard").state
    values = state["conv2d1.weights"]
    values[...] = 7.0
    assert not np.any(state["conv2d1.weights"] == 7.0)


WRONG = {
    "unknown": ("conv2d1.weight", 0.0, r"no parameter of cell is called 'conv2d1.weight'; .*did you mean conv2d1"),
    "another shape": ("stem.beta", np.zeros(6), r"stem.beta of cell has shape \(1, 6\), not \(6,\)"),
    "one number": ("stem.beta", 1.0, r"stem.beta of cell has shape \(1, 6\), not \(\)"),
    "nan": ("stem.beta", [[0, 0, np.nan, 0, 0, 0]], "stem.beta is given nan, must be finite numbers"),
    "inf": ("stem.beta", [[0, 0, 0, 0, -np.inf, 0]], "stem.beta is given -inf, must be finite numbers"),
    "beyond f32": ("stem.beta", [[0, 0, 0, 0, 1e300, 0]], "stem.beta is given inf, must be finite numbers"),
    "text": ("stem.beta", [["a"] * 6], "stem.beta is given list, must be numbers"),
    "ragged": ("stem.beta", [[1, 2], [3]], "stem.beta is given list, must be numbers"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_changes_nothing(what: str) -> None:
    name, values, reason = WRONG[what]
    trainer = fresh()
    before = trainer.session.state_sha256()
    with pytest.raises(SpecError, match=reason):
        trainer.state[name] = values  # type: ignore[assignment]  # on purpose
    with pytest.raises(SpecError, match=reason):
        trainer.state.update({"conv2d1.bias": np.ones((1, 6)), name: values})
    assert trainer.session.state_sha256() == before, "all or nothing"


def test_nothing_can_be_deleted_or_looked_up_by_a_wrong_name() -> None:
    state = fresh().state
    with pytest.raises(SpecError, match=r"stem\.beta cannot be deleted: .* assign zeros"):
        del state["stem.beta"]
    with pytest.raises(SpecError, match=r"no parameter of cell is called 'stem\.bta'; .*did you mean stem\.beta"):
        _ = state["stem.bta"]
    with pytest.raises(SpecError, match="no parameter of cell is called"):
        _ = state.moments["stem.beta"]
    assert "stem.beta" in state and "stem.bta" not in state and "stem.beta.m" in state.moments
