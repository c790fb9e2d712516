"""Norms that whiten complex channels: what they make of products, in training, when frozen, and when loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import linocut as lc
from linocut.errors import SpecError
from linocut.graph.narrow import carried_over, narrow
from linocut.graph.network import Network
from linocut.layers import (
    BinaryComplexConv2D,
    ComplexNorm,
    Dense,
    GlobalAveragePool,
    HardTanh,
    Input,
    ReLU,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.ops import OP_BY_NAME, View, whitening
from linocut.ops.bits import Array

CLOSE = {"standard": 1e-5, "wang2021": 5e-3}
WHITE = ComplexNorm(whiten=True)
NETWORK = Network(
    "white",
    (
        *(Input((8, 7, 2)), BinaryComplexConv2D(5), WHITE, HardTanh(1.3), Sign("identity"), BinaryComplexConv2D(6)),
        *(ComplexNorm(whiten=True, scale=False), ReLU(), GlobalAveragePool(), Dense(3), SoftmaxCrossEntropy()),
    ),
)
SMALL = {"input_shape": (8, 8, 3), "classes": 3, "whiten": True}


def examples(network: Network, count: int = 13) -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (count, *network.input.shape)).astype(np.uint8)
    return images, rng.integers(0, 3, count)


def white(y: Array) -> tuple[Array, Array]:
    """z of y (rows, 2 channels) by the instructions, and their statistics."""
    channels = y.shape[-1] // 2

    def of(*shape: int) -> View:
        return View(np.zeros(shape, np.float32), "f32", shape[-1])

    stats, matrix, mean, z = of(5, channels), of(3, channels), of(1, 2 * channels), of(*y.shape)
    work = View(np.zeros((whitening.QUANTITIES, channels)), "f64", channels)
    given = View(y.astype(np.float32), "f32", y.shape[-1])
    OP_BY_NAME["covariance"].reference(y=given, stats=stats, running=None, work=work, momentum=0.9)
    OP_BY_NAME["whitening"].reference(stats=stats, matrix=matrix, mean=mean)
    attributes = {"factor": 1.0, "transposed": 0.0}
    OP_BY_NAME["complex_map"].reference(x=given, gains=matrix, centre=mean, y=z, **attributes)
    return z.data, stats.data


@pytest.mark.parametrize("mean", [0.0, 300.0, 1e4])
def test_parts_are_white(mean: float) -> None:
    """Of any covariance: mean 0, variance 1 (but for 1e-4), no covariance."""
    rng = np.random.default_rng(2)
    re, im = rng.standard_normal((2, 4000, 3)) * [1.0, 30.0, 0.5] + mean
    y = np.hstack([re, 0.9 * re + im])
    z, stats = white(y)
    np.testing.assert_allclose(stats[2], re.var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=5e-3)
    for re, im in zip(z.T[:3], z.T[3:], strict=True):
        np.testing.assert_allclose(np.cov(re, im), np.eye(2), atol=2e-3)


def test_a_channel_that_does_not_vary_and_parts_that_are_one_stay_finite() -> None:
    re = np.random.default_rng(3).standard_normal((500, 1)) * 1e4
    z, _ = white(np.hstack([re, np.full_like(re, 7.0), re, np.full_like(re, -2.0)]))
    assert np.all(np.isfinite(z)) and np.abs(z).max() < 10
    np.testing.assert_allclose(z[:, [1, 3]], 0.0, atol=1e-3)


@pytest.mark.parametrize("micro_batch", [None, 3])
@pytest.mark.parametrize("policy", CLOSE)
def test_a_file_predicts_what_training_does(policy: str, micro_batch: int | None, tmp_path: Path) -> None:
    images, truth = examples(NETWORK)
    trainer = lc.Trainer(NETWORK, policy, lc.Adam(0.01), batch_size=6, micro_batch=micro_batch, threads=1)
    trainer.fit((images, truth), epochs=4)
    trainer.save(tmp_path / "run")
    expected, found = trainer.predict(images).outputs, lc.load(tmp_path / "run").predict(images).outputs
    assert np.std(found, axis=0).min() > 1e-3, "outputs depend on examples"
    assert np.abs(found - expected).mean() <= CLOSE[policy]


@pytest.mark.parametrize("policy", CLOSE)
def test_a_frozen_norm_stays_and_passes_gradients(policy: str) -> None:
    trainer = lc.Trainer(NETWORK, policy, lc.Adam(0.01), batch_size=6, threads=1, freeze=["complex_norm1"])
    before = {name: trainer.state[name].copy() for name in trainer.state}
    trainer.fit(examples(NETWORK), epochs=2)
    moved = {name for name in trainer.state if not np.array_equal(trainer.state[name], before[name])}
    assert not moved & {"complex_norm1.running", "complex_norm1.gains", "complex_norm1.beta"}
    assert {"complex_norm2.running", "binary_complex_conv2d1.weights", "dense1.weights"} <= moved


def test_networks_may_whiten() -> None:
    builds = {
        "complex_nin": {"widths": (6, 5, 4, 33, 5, 6, 5, 4)},
        "complex_resnet18": {"stages": (4, 33)},
        "complex_radio": {"widths": (4, 5), "input_shape": (16, 2)},
    }
    for name, given in builds.items():
        network = lc.models.build(name, **{**SMALL, **given})
        norms = [node.layer for node in network.graph.nodes if isinstance(node.layer, ComplexNorm)]
        assert any(norm.whiten for norm in norms), name
        lc.Trainer(network, "standard", batch_size=4, threads=1)


def test_channels_may_be_left_out() -> None:
    """As pruning by channel does: running covariances and matrices of those that are kept."""
    trainer = lc.Trainer(NETWORK, "standard", batch_size=6, threads=1)
    before = {name: trainer.state[name] for name in trainer.state}
    smaller = narrow(NETWORK, before, 6.25)
    after = carried_over(NETWORK.graph, smaller, before)
    kept = smaller.channels["complex_norm1"]
    assert len(kept) == 2
    assert np.array_equal(after["complex_norm1.running"], before["complex_norm1.running"][:, kept])
    assert after["complex_norm1.gains"].shape == (3, 2) and after["complex_norm1.beta"].shape == (1, 4)


def test_integers_are_refused() -> None:
    reason = (
        r"complex_norm1: lean counts in integers, a norm that whitens in floats; take one that does not, or the pol"
    )
    with pytest.raises(SpecError, match=reason):
        lc.Trainer(NETWORK, "lean", batch_size=4)
    with pytest.raises(SpecError, match="complex_norm whiten has a symmetric matrix, no factor: leave rotate as it is"):
        ComplexNorm(whiten=True, rotate=False)
