"""Layers may have the names that programs give to their own buffers: such as logits, which the last layer often is."""

from __future__ import annotations

import numpy as np
import pytest

import linocut as lc
from linocut.graph.place import Entry
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Network,
    Sign,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.run.predict import Predictor

NAMES = ("logits", "input", "labels", "captured", "train", "predict", "sum", "control", "loss", "numbers", "micro")
LOSS = SoftmaxCrossEntropy()


def networks(name: str) -> dict[str, tuple[Entry, ...]]:
    signs = (BinaryConv2D(5), BatchNorm(), Sign())
    return {
        "last": (Flatten(), Dense(4, bias=True).named(name), LOSS),
        "last norm": (Flatten(), BinaryDense(4), BatchNorm(scale=True).named(name), LOSS),
        "view": (Flatten().named(name), Dense(4), LOSS),
        "signs": (*signs, Flatten().named(name), BinaryDense(4), BatchNorm(), LOSS),
        "activation": (Conv2D(5, 1), Tanh().named(name), Flatten(), Dense(4), LOSS),
        "norm": (Conv2D(5, 1), BatchNorm().named(name), Sign(), Flatten(), BinaryDense(4), BatchNorm(), LOSS),
        "loss": (Flatten(), Dense(4), LOSS.named(name)),
    }


@pytest.mark.parametrize("policy", ["lean", "standard"])
@pytest.mark.parametrize("name", NAMES)
def test_a_layer_of_that_name_learns_and_predicts_the_same(name: str, policy: str) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (24, 2, 2, 3), np.uint8), rng.integers(0, 4, 24)
    for what, entries in networks(name).items():
        outputs = []
        for own in (entries, networks("other")[what]):
            trainer = lc.Trainer(Network("own", (Input((2, 2, 3)), *own)), policy, "adam", 12, threads=1)
            trainer.fit((images, labels), 1)
            outputs += [trainer.predict(images).outputs, Predictor(trainer.inference_graph()).predict(images).outputs]
        for found in outputs[1:]:
            assert np.abs(found - outputs[0]).max() <= (0.0 if policy == "lean" else 1e-5), what
    kept = trainer.capture(images, [node.name for node in trainer.network.graph.nodes])
    assert np.array_equal(kept["other"], trainer.predict(images).outputs)
