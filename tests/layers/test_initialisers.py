"""How weights in full precision start: by name, or by their standard deviation."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.errors import SpecError
from linocut.layers import Conv2D, Dense, Flatten, Input, SoftmaxCrossEntropy, Tanh


def started(*layers: lc.layers.Layer, seed: int = 0) -> lc.Trainer:
    network = lc.Network("started", (Input((28, 28, 1)), *layers, SoftmaxCrossEntropy()))
    return lc.Trainer(network, "standard", lc.SGD(0.1), batch_size=1, seed=seed)


@pytest.mark.parametrize(
    ("initial", "deviation"),
    [
        (1 / 56, 1 / 56),
        (0.7, 0.7),  # not clipped, as latent weights are
        (None, 784**-0.5),
        ("lecun_normal", 784**-0.5),
        ("he_normal", (2 / 784) ** 0.5),
        ("glorot_normal", (2 / 984) ** 0.5),
        ("glorot_uniform", (2 / 984) ** 0.5),
    ],
)
def test_weights_have_the_deviation_asked_for(initial: float | str | None, deviation: float) -> None:
    weights = started(Flatten(), Dense(200, initial=initial), Tanh(), Dense(10)).state["dense1.weights"]
    assert weights.std() == pytest.approx(deviation, rel=0.01)
    assert abs(weights.mean()) < 4 * deviation / weights.size**0.5


def test_a_uniform_distribution_has_ends_and_a_convolution_counts_its_pixels() -> None:
    trainer = started(
        Conv2D(32, 3, initial="glorot_uniform"), Flatten(), Dense(10, bias=True, initial="glorot_uniform")
    )
    limit = (6 / (9 * 1 + 9 * 32)) ** 0.5
    weights = trainer.state["conv2d1.weights"]
    assert 0.9 * limit < np.abs(weights).max() <= limit
    assert not trainer.state["dense1.bias"].any()


def test_a_description_keeps_what_was_asked_for_and_older_ones_are_as_they_were() -> None:
    network = started(Flatten(), Dense(10, initial="he_normal")).network
    assert lc.Network.from_dict(network.to_dict()) == network
    assert "initial" not in started(Flatten(), Dense(10)).network.to_dict()["layers"][2]


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ("he", "no dense initial is called .he.; there are lecun_normal"),
        (0.0, "dense initial is 0, must be a standard deviation above 0, up to 100, or a name: lecun_normal"),
        (-1.0, "dense initial is -1"),
        (float("nan"), "dense initial is nan, must be a finite number"),
        (True, "dense initial is True, must be a finite number"),
    ],
)
def test_what_cannot_be_is_refused(initial: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Dense(10, initial=initial)  # type: ignore[arg-type]  # wrong on purpose
