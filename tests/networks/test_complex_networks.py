"""Complex networks: their published counts, what they refuse, and that files predict as training does."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from node_values import node_values

import linocut as lc
from linocut import _native
from linocut.cli import choices
from linocut.devices.word_engine.layers import network_of
from linocut.errors import SpecError
from linocut.export import packed
from linocut.graph import fold, inference_rules
from linocut.graph.inference import ComplexThreshold
from linocut.graph.network import Network
from linocut.layers import (
    BatchNorm,
    BinaryComplexConv1D,
    BinaryComplexConv2D,
    BinaryComplexDense,
    BinaryDense,
    Code,
    ComplexConv2D,
    ComplexNorm,
    Dense,
    GlobalAveragePool,
    HardTanh,
    Input,
    Layer,
    Sign,
    SoftmaxCrossEntropy,
    SpectralPool2D,
    SumPool2D,
)
from linocut.layers.spectral_pool import matrix
from linocut.networks import COMPLEX
from linocut.run import REFERENCE
from linocut.run.predict import Predictor
from linocut.run.session import ISA_VARIABLE

WIDTHS = (6, 5, 4, 33, 5, 6, 5, 4)
SMALL = {"input_shape": (8, 8, 3), "classes": 3}
OWN = {"standard": ("complex_nin", "complex_resnet18"), "lean": ("complex_nin_mean", "complex_nin_plain")}


def trainable(network: Network) -> int:
    return sum(math.prod(p.shape) for p in network.graph.parameters() if p.learned)


def bits(network: Network) -> int:
    return sum(math.prod(p.shape) for p in network.graph.parameters() if p.binary)


@pytest.mark.parametrize(
    ("name", "learned", "binary", "first", "products", "with_unused"),
    [
        ("complex_nin", 804_388, 777_824, 18_600, 84_170_752, 805_292),
        ("complex_resnet18", 11_037_860, 11_014_656, 2_484, 281_908_992, 11_041_250),
        ("real_nin", 969_802, 949_248, 14_400, 0, 0),
        ("real_resnet18", 11_173_962, 11_157_504, 1_728, 0, 0),
    ],
)
def test_networks_have_the_published_counts(
    name: str, learned: int, binary: int, first: int, products: int, with_unused: int
) -> None:
    """BCNN's code has a third vector of each norm that is never used; it is left out here."""
    network = lc.models.build(name)
    norms = [node for node in network.graph.nodes if isinstance(node.layer, ComplexNorm) and node.layer.scale]
    unused = sum(node.output.shape[-1] // 2 for node in norms)
    assert (trainable(network), bits(network)) == (learned, binary + first)
    if products:
        assert sum(node.cost.binary_macs for node in network.graph.nodes) == 4 * products
        assert learned + unused == with_unused


def test_the_command_line_knows_them_all() -> None:
    assert set(choices.COMPLEX) == set(COMPLEX)


def test_radio_networks_are_as_large() -> None:
    sizes = [bits(lc.models.build(name)) for name in ("complex_radio", "real_radio")]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01)


@pytest.mark.parametrize("side", [1, 2, 5, 8, 31, 32])
def test_a_spectral_pool_is_a_transform_with_its_middle_left_out(side: int) -> None:
    rng = np.random.default_rng(side)
    z = rng.standard_normal(side) + 1j * rng.standard_normal(side)
    a = -(-side // 4)
    spectrum = np.fft.fft(z, norm="ortho")
    kept = np.concatenate([spectrum[:a], spectrum[side // 2 + a :]])
    assert len(kept) == side - side // 2
    np.testing.assert_allclose(matrix(side) @ z, np.fft.ifft(kept, norm="ortho"), atol=1e-12)


HEAD = (GlobalAveragePool(), Dense(3), SoftmaxCrossEntropy())
REFUSED: dict[str, tuple[tuple[Layer, ...], str]] = {
    "odd channels": (
        (Input((6, 6, 3)), BinaryComplexConv2D(4), ComplexNorm(), *HEAD),
        "binary_complex_conv2d1: takes pairs of real and imaginary parts, not 3 channels; give it an even number",
    ),
    "odd features": (
        (Input((7,)), BinaryComplexDense(4), ComplexNorm(), Dense(3), SoftmaxCrossEntropy()),
        "binary_complex_dense1: takes pairs of real and imaginary parts, not 7 channels",
    ),
    "odd channels of floats": (
        (Input((6, 6, 5)), ComplexConv2D(4), *HEAD),
        "complex_conv2d1: takes pairs of real and imaginary parts, not 5 channels",
    ),
    "odd channels of a norm": (
        (Input((6, 6, 3)), ComplexNorm(), *HEAD),
        "complex_norm1: takes pairs of real and imaginary parts, not 3 channels",
    ),
    "sequences for images": (
        (Input((6, 6, 2)), BinaryComplexConv1D(4), ComplexNorm(), *HEAD),
        "binary_complex_conv1d1: takes sequences (steps, channels), not (6, 6, 2); images go into 2-D layers",
    ),
    "a pool of signs": (
        (Input((6, 6, 2)), BinaryComplexConv2D(4), BatchNorm(), Sign(), SumPool2D(), BatchNorm(), *HEAD),
        "sum_pool2d1 takes products, not signs",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(name: str) -> None:
    layers, reason = REFUSED[name]
    with pytest.raises(SpecError) as found:
        Network("odd", layers)
    assert str(found.value).startswith(reason)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: HardTanh(0.0), "hard_tanh limit is 0, must be above 0"),
        (lambda: Code(-1.0), "code limit is -1, must be above 0"),
        (lambda: BinaryComplexConv2D(2**19), "binary_complex_conv2d filters is 524,288, must be a whole number from 1"),
        (lambda: BinaryComplexConv2D(4, gain=0.0), "binary_complex_conv2d gain is 0, must be above 0"),
        (lambda: ComplexNorm(momentum=1.0), "complex_norm momentum is 1.0, must be at least 0 and below 1"),
        (lambda: SumPool2D((2, 3)), "sum_pool2d size is (2, 3), must be one number or a square"),
        (lambda: Sign("hard"), "sign estimator is 'hard', must be 'clip', 'quadratic' or 'identity'"),
        (lambda: lc.models.complex_nin(pool="max"), "no complex_nin pool is called 'max'; there are spectral, mean"),
        (lambda: lc.models.complex_nin(rotate=False, whiten=True), "complex_norm whiten has a symmetric matrix, no"),
        (lambda: lc.models.complex_radio(rotate=False, whiten=True), "complex_norm whiten has a symmetric matrix, no"),
        (lambda: lc.models.complex_nin(widths=(3, 4)), "complex_nin has 2 widths, must have 8"),
        (lambda: lc.models.complex_radio((128, 3)), "complex_radio takes samples (steps, 2), I and Q, not (128, 3)"),
        (lambda: lc.models.complex_nin((8, 3)), "input shape is (8, 3), must be (height, width, channels)"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, reason: str) -> None:
    with pytest.raises(SpecError) as found:
        make()
    assert reason in str(found.value)


def test_integer_policies_refuse_a_spectral_pool_of_products() -> None:
    network = Network("spectral", (Input((6, 6, 2)), BinaryComplexConv2D(4), SpectralPool2D(), ComplexNorm(), *HEAD))
    with pytest.raises(SpecError, match=r"spectral_pool2d1: lean has integer gradients .* \(pool='mean'\)"):
        lc.Trainer(network, policy="lean", batch_size=4)


def build(name: str) -> Network:
    widths = {"stages": (4, 33)} if "resnet" in name else {"widths": WIDTHS}
    return lc.models.build(name, **SMALL, **widths)


def examples(network: Network, count: int = 12):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (count, *network.input.shape)).astype(np.uint8)
    return images, rng.integers(0, 3, count)


@pytest.mark.parametrize(("policy", "name"), [(policy, name) for policy, names in OWN.items() for name in names])
def test_a_file_predicts_what_training_does(policy: str, name: str, tmp_path: Path) -> None:
    network = build(name)
    data = examples(network)
    trainer = lc.Trainer(network, policy=policy, optimizer=lc.Adam(0.01), batch_size=6, threads=1)
    trainer.fit(data, epochs=2)
    trainer.save(tmp_path / "run")
    kept = lc.load(tmp_path / "run").evaluate(data)
    trained = trainer.evaluate(data)
    assert kept.loss == pytest.approx(trained.loss, rel=1e-6 if policy == "standard" else 0)
    assert kept.accuracy == trained.accuracy


@pytest.mark.parametrize("name", ["complex_nin_mean", "complex_resnet18", "complex_radio"])
def test_a_complex_norm_and_its_sign_are_tests_of_integers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same signs as the norm in floats, on every instruction set, also as kept in a file."""
    network = lc.models.complex_radio((16, 2), 3, widths=(5, 33, 4)) if name == "complex_radio" else build(name)
    images, truth = examples(network, 40)
    if name == "complex_radio":
        images = (images / 127.5 - 1).astype(np.float32)
    trainer = lc.Trainer(network, policy="lean", optimizer=lc.Adam(0.01), batch_size=8, threads=1)
    trainer.fit((images, truth), epochs=3)
    graph = trainer.inference_graph()
    packed.save(tmp_path / packed.NAME, packed.PackedModel(graph))
    monkeypatch.setattr(fold, "MOST_PAIRS", 0)
    floats = trainer.inference_graph()
    tests = [node for node in graph.nodes if isinstance(node, ComplexThreshold)]
    assert tests and not any(isinstance(node, ComplexThreshold) for node in floats.nodes)
    expected = Predictor(floats).predict(images).outputs
    values, wanted = node_values(graph, images), node_values(floats, images)
    for node in tests:
        assert np.array_equal(values[node.name], wanted[node.name]), node.name
        assert 0.05 < (values[node.name] > 0).mean() < 0.95
    for isa in _native.isas():
        monkeypatch.setenv(ISA_VARIABLE, isa)
        assert lc.load(tmp_path).predict(images).outputs.tobytes() == expected.tobytes(), isa


@pytest.mark.parametrize("rotate", [True, False])
@pytest.mark.parametrize("units", [17, 18])
def test_a_complex_norm_behind_real_products_keeps_its_floats(units: int, rotate: bool) -> None:
    """Their sums may be odd, and each part as large as their depth."""
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (60, 20)).astype(np.uint8)
    truth = images.argmax(axis=1) % 3
    layers = (Input((20,)), BinaryDense(units), BatchNorm(), Sign(), BinaryDense(18), ComplexNorm(rotate=rotate))
    network = Network("mixed", (*layers, Sign(), BinaryDense(3), BatchNorm(), SoftmaxCrossEntropy()))
    trainer = lc.Trainer(network, policy="lean", optimizer=lc.Adam(0.01), batch_size=20, threads=1)
    trainer.fit((images, truth), epochs=10)
    graph = trainer.inference_graph()
    assert Predictor(graph).predict(images).outputs.tobytes() == trainer.predict(images).outputs.tobytes()
    assert ("reads sign2, which no layer of the engine gives" in network_of(graph).obstacle) == rotate


def test_factors_beyond_their_bits_are_refused() -> None:
    graph = lc.Trainer(build("complex_nin_mean"), policy="lean", batch_size=4, threads=1).inference_graph()
    node = next(node for node in graph.nodes if isinstance(node, ComplexThreshold))
    nodes = tuple(replace(one, factors=2 * one.factors) if one is node else one for one in graph.nodes)
    with pytest.raises(SpecError, match=rf"{node.name}: a complex_threshold has factors of up to 33,554,431, not "):
        inference_rules.check(replace(graph, nodes=nodes))


def test_a_float_network_is_the_same_in_the_reference() -> None:
    """Under `lean` complex norms and clipped floats have the same bits in NumPy."""
    network = build("complex_nin_mean")
    losses = []
    for backend in (None, REFERENCE):
        how = {} if backend is None else {"backend": backend}
        trainer = lc.Trainer(network, policy="lean", optimizer=lc.Adam(0.01), batch_size=6, threads=1, **how)
        trainer.fit(examples(network), epochs=1)
        losses.append(trainer.evaluate(examples(network)).loss)
    assert losses[0] == losses[1]


@pytest.mark.parametrize("form", ["c", "onnx"])
def test_other_formats_say_what_they_have_not(form: str, tmp_path: Path, linocut) -> None:
    network = build("complex_nin_mean")
    trainer = lc.Trainer(network, policy="lean", batch_size=6, threads=1)
    trainer.fit(examples(network), epochs=1)
    trainer.save(tmp_path / "run")
    status, _, err = linocut("export", tmp_path / "run", "--to", form, "--out", tmp_path / f"out.{form}")
    assert status == 2 and not (tmp_path / f"out.{form}").exists()
    assert "has no form for a coding, which complex networks are made of; predict with linocut" in err
    assert len(err.splitlines()) == 1
