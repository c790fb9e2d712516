import numpy as np
import pytest
from checksums import content
from small_training import examples, network, trainer

import linocut as lc
from linocut import tensor_file
from linocut.deploy.pack import pack_model
from linocut.deploy.packed import PackedModel
from linocut.ops.bits import unpack


def trained(epochs=2, data=None, **settings):
    one = trainer(**settings)
    one.fit(data or examples(), epochs)
    return one


def predictor(one, batch_size=7):
    return lc.Predictor(pack_model(one.compiled, one.session), batch_size=batch_size, backend="reference")


@pytest.mark.parametrize("optimizer", [lc.Adam(0.02), lc.SGD(0.1), lc.Bop(0.02, 1e-2, 1e-6)])
@pytest.mark.parametrize("hidden", [(), (24,), (65, 7)])
def test_under_lean_the_packed_model_predicts_the_same_bits(optimizer, hidden):
    one = trained(network=network(hidden), optimizer=optimizer)
    images = examples(5)[0]
    for found, expected in zip(predictor(one).predict(images), one.predict(images), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("policy", ["wang2021", "standard"])
@pytest.mark.parametrize("hidden", [(), (24,), (65, 7)])
def test_under_floats_it_predicts_alike(policy, hidden):
    one = trained(network=network(hidden), policy=policy)
    images = examples(5)[0]
    found, expected = predictor(one).predict(images), one.predict(images)
    assert np.mean(found.classes == expected.classes) >= 0.98  # an f16 threshold may fall between two integers
    assert np.median(np.abs(found.confidences - expected.confidences)) < 1e-3


@pytest.mark.parametrize("policy", ["lean", "lean8", "wang2021", "standard"])
def test_float_input(policy):
    images, labels = examples()
    data = (images / 127.5 - 1, labels)
    one = trained(network=network(dtype="f32"), policy=policy, data=data)
    packed = predictor(one)
    assert packed.model.arithmetic == ("integer" if policy.startswith("lean") else "float")
    assert np.mean(packed.predict(data[0]).classes == one.predict(data[0]).classes) >= 0.98
    assert packed.evaluate(data).loss == pytest.approx(one.evaluate(data).loss, abs=0.01)


def test_the_tensors_are_bits_and_whole_thresholds():
    one = trained()
    tensors = pack_model(one.compiled, one.session).tensors
    assert {name: (t.shape, t.dtype.name) for name, t in tensors.items()} == {
        "binary_dense1.weights": ((24, 1), "uint64"),
        "batch_norm1.threshold": ((24,), "int32"),
        "binary_dense2.weights": ((4, 1), "uint64"),
        "batch_norm2.mean": ((4,), "float32"),
        "batch_norm2.spread": ((4,), "float32"),
        "batch_norm2.shift": ((4,), "float32"),
    }
    latent = one.session.array("binary_dense1.weights")
    assert np.array_equal(unpack(tensors["binary_dense1.weights"], 36), latent >= 0)
    mean, spread = one.session.array("batch_norm1.running").astype(np.float64)
    shift = one.session.array("batch_norm1.beta")[0].astype(np.float64)
    assert np.array_equal(tensors["batch_norm1.threshold"], np.ceil(mean - shift * spread))


def test_a_standard_threshold_is_in_the_integers_of_u8_input():
    one = trained(policy="standard")
    mean, variance = one.session.array("batch_norm1.running").astype(np.float64)
    exact = (mean - one.session.array("batch_norm1.beta")[0] * np.sqrt(variance + 1e-5)) * 255
    assert np.array_equal(pack_model(one.compiled, one.session).tensors["batch_norm1.threshold"], np.ceil(exact))


@pytest.mark.parametrize(("shift", "sign"), [(0.5, 1), (0.0, 1), (-0.5, -1)])
def test_a_channel_that_does_not_vary_has_the_sign_of_its_shift(shift, sign):
    one = trained()
    one.session.array("batch_norm1.running")[:, 0] = (12.0, 0.0)
    one.session.array("batch_norm1.beta")[0, 0] = shift
    assert pack_model(one.compiled, one.session).tensors["batch_norm1.threshold"][0] == -sign * 2**30
    images = examples(5)[0]
    assert np.array_equal(predictor(one).predict(images).confidences, one.predict(images).confidences)


@pytest.mark.parametrize("threshold", [2**24 + 1, -(2**24) - 3, 2**30 - 1])
def test_thresholds_beyond_the_integers_of_f32(threshold):
    one = trained()
    packed = pack_model(one.compiled, one.session)
    packed.tensors["batch_norm1.threshold"][0] = threshold
    session = packed.open(1, backend="reference")
    running, shift = session.array("batch_norm1.running"), session.array("batch_norm1.beta")
    assert float(running[0, 0]) - float(shift[0, 0]) * float(running[1, 0]) == threshold


@pytest.mark.parametrize("batch", [1, 10, 100])
def test_the_size_of_a_batch_changes_nothing(batch):
    one = trained()
    expected = predictor(one).evaluate(examples(5))
    found = predictor(one, batch).evaluate(examples(5))
    assert (found.accuracy, found.examples) == (expected.accuracy, expected.examples)
    assert found.loss == pytest.approx(expected.loss, rel=1e-12)


def test_predicting_takes_a_small_part_of_the_arena_of_training():
    one = trained(1, network=network((64, 64)))
    assert predictor(one, 10).arena_bytes < one.session.arena.nbytes / 2


@pytest.fixture
def run(tmp_path):
    one = trained()
    one.save(tmp_path)
    return tmp_path


def test_the_model_file_is_enough(run):
    for name in ("checkpoint.safetensors", "config.toml", "log.jsonl"):
        (run / name).unlink()
    loaded = lc.load(run, backend="reference")
    assert loaded.class_name(3) == "3"
    assert loaded.model.data == "arrays"
    assert loaded.evaluate(examples()).accuracy > 0.5
    alone = lc.load(run / "model.safetensors", backend="reference")
    assert isinstance(alone.model, PackedModel)
    assert alone.model.nbytes == loaded.model.nbytes


def test_folders_that_are_no_runs(tmp_path):
    with pytest.raises(lc.RunError, match=r"is not the folder of a run: it has no model\.safetensors"):
        lc.load(tmp_path)
    with pytest.raises(lc.RunError, match="does not exist; give the folder of a run"):
        lc.load(tmp_path / "nothing")


def spoiled(run, change=lambda tensors: None, describe=lambda about: None):
    path = run / "model.safetensors"
    about, tensors = tensor_file.TensorFile(path, "linocut-model", 2).description, content(path)
    change(tensors)
    describe(about)
    tensor_file.save(path, tensors, "linocut-model", 2, about)
    return path


def put(name, place, value):
    def change(tensors):
        tensors[name] = tensors[name].copy()
        tensors[name][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("binary_dense1.weights", (0, 0), 2**63),
            "'binary_dense1.weights' holds bits or numbers that no model has",
        ),
        (put("batch_norm2.mean", 0, np.nan), "'batch_norm2.mean' holds bits or numbers"),
        (lambda tensors: tensors.pop("batch_norm2.shift"), "lacks the tensor 'batch_norm2.shift'"),
        (
            lambda tensors: tensors.update({"batch_norm1.threshold": np.zeros(24, np.float32)}),
            r"is float32 \(24,\), must be int32 \(24,\)",
        ),
    ],
)
def test_damaged_tensors(run, change, message):
    spoiled(run, change)
    with pytest.raises(lc.RunError, match=message):
        lc.load(run)


@pytest.mark.parametrize(
    "describe",
    [
        lambda about: about.pop("network"),
        lambda about: about.update(network=3),
        lambda about: about["network"]["layers"][2].update(units=0),
        lambda about: about["network"]["layers"][2].update(colour="red"),
        lambda about: about.update(classes=7),
    ],
)
def test_damaged_descriptions(run, describe):
    spoiled(run, describe=describe)
    with pytest.raises(lc.RunError, match=r"does not describe a network: .*it is damaged"):
        lc.load(run)


def test_an_arithmetic_that_does_not_exist(run):
    spoiled(run, describe=lambda about: about.update(arithmetic="magic"))
    with pytest.raises(lc.RunError, match="has arithmetic 'magic'"):
        lc.load(run)
