"""Masks and smaller networks: the counts of docs/pruning.md, and which weights are left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import linocut as lc
from linocut.errors import SpecError
from linocut.graph.narrow import carried_over, narrow
from linocut.graph.prune import MASKS, Pruning, all_kept, groups_of, mask, prunable
from linocut.networks import build

COUNTED = {  # groups that are kept at 20 times, and of how many
    "complex_nin_plain": {"kernel": (4368, 87344), "column": (160, 3212), "block": (1215, 24307)},
    "complex_resnet18": {"kernel": (34449, 688960), "column": (1097, 21940), "block": (17236, 344746)},
}


@pytest.mark.parametrize("model", COUNTED)
def test_groups_of_published_networks(model: str) -> None:
    nodes = prunable(build(model).graph)
    for by, (kept, of) in COUNTED[model].items():
        groups = [groups_of(node, by) for node in nodes]
        assert sum(groups) == of, by
        assert abs(sum(max(1, round(count / 20)) for count in groups) - kept) <= len(groups) / 2, by


def test_channels_of_published_networks() -> None:
    rng = np.random.default_rng(0)
    for model, kept in (("complex_nin_plain", [28, 22, 13, 28, 28, 28, 28, 28]), ("complex_resnet18", None)):
        network = build(model)
        state = {
            one.name: rng.standard_normal((*one.shape[:1], 1))
            for node in network.graph.nodes
            for one in node.parameters
            if one.binary
        }
        found = narrow(network, state, 20.0)
        widths = [
            len(found.channels[name.rpartition(".")[0]]) for name in state if name.rpartition(".")[0] in found.channels
        ]
        if kept is not None:
            assert widths == kept
        else:
            assert set(widths) == {10, 21, 41, 80}


@pytest.mark.parametrize("by", MASKS)
@pytest.mark.parametrize("parts", [1, 2])
def test_masks_keep_the_largest_groups(by: str, parts: int) -> None:
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((10, 3, 2, 70 * parts)).astype(np.float32)
    pruned = mask(weights, parts, by, 5.0)
    kept = ~pruned
    if parts == 2:
        assert np.array_equal(kept[..., :70], kept[..., 70:])
    sizes = np.abs(weights.astype(np.float64)).reshape(10, 3, 2, parts, 70).sum(3)
    keep = kept[..., :70]
    groups: Any = {
        "kernel": [(o, slice(None), slice(None), c) for o in range(10) for c in range(70)],
        "column": [(slice(None), p, q, c) for p in range(3) for q in range(2) for c in range(70)],
        "block": [
            (slice(o, o + 4), p, q, slice(c, c + 4))
            for o in range(0, 10, 4)
            for p in range(3)
            for q in range(2)
            for c in range(0, 70, 4)
        ],
        "word": [
            (slice(o, o + 4), p, q, slice(c, c + 64))
            for o in range(0, 10, 4)
            for p in range(3)
            for q in range(2)
            for c in range(0, 70, 64)
        ],
    }[by]
    scores = np.array([sizes[group].sum() for group in groups])
    whole = np.array([keep[group].all() for group in groups])
    assert np.array_equal(whole, np.array([keep[group].any() for group in groups]))
    assert whole.sum() == round(len(groups) / 5)
    assert scores[whole].min() >= scores[~whole].max()


def test_balanced_outputs_keep_as_many() -> None:
    weights = np.random.default_rng(2).standard_normal((12, 1, 1, 124)) * np.arange(1, 13)[:, None, None, None]
    kept = ~mask(weights, 1, "kernel", 20.0, balanced=True)
    assert set(kept.sum(axis=(1, 2, 3))) == {6}


def test_rates_climb_to_their_end() -> None:
    pruning = Pruning(20.0, "word", ramp=4)
    rates = [pruning.at(epoch) for epoch in range(7)]
    assert rates[0] == 1.0 and rates[4] == pytest.approx(20.0) and rates[5:] == [None, None]
    climbing = [rate for rate in rates if rate is not None]
    assert climbing == sorted(set(climbing))
    assert Pruning.from_dict(pruning.to_dict()) == pruning


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": 1.0, "by": "word"}, "rate is 1, must be above 1"),
        ({"rate": float("nan"), "by": "word"}, "rate is nan"),
        ({"rate": 4.0, "by": "words"}, "did you mean word"),
        ({"rate": 4.0, "by": "column", "balanced": True}, "balanced is of kernel, block, word"),
        ({"rate": 4.0, "by": "word", "ramp": -1}, "ramp"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Pruning(**given)


def test_layers_that_would_be_empty_are_named() -> None:
    network = lc.models.mlp((8, 8, 1), hidden=(100, 100, 100))
    for by in ("column", "block", "word"):
        with pytest.raises(SpecError, match="leaves nothing of binary_dense2"):
            lc.Trainer(network, batch_size=4, prune=Pruning(9999.0, by))
    with pytest.raises(SpecError, match="no layer that can be pruned"):
        lc.Trainer(lc.models.mlp((8, 8, 1), hidden=(100,)), batch_size=4, prune=Pruning(2.0, "word"))


def test_what_is_kept_is_counted() -> None:
    node = prunable(build("complex_nin_plain").graph)[0]  # 124 to 100 channels, 1 x 1
    shape = node.parameters[0].shape
    pruned = np.ones(shape, bool)
    pruned[:4, ..., :64] = pruned[:4, ..., 124:188] = False
    (found,) = all_kept(build("complex_nin_plain").graph, {node.name: pruned}, joined=False)
    assert (found.weights, found.of_weights, found.words, found.of_words) == (256, 12400, 8, 400)


def test_a_smaller_network_predicts_as_the_masked_one() -> None:
    layers = lc.layers
    network = lc.Network(
        "small",
        (
            layers.Input((8, 8, 2)),
            *(layers.BinaryConv2D(20), layers.BatchNorm(), layers.Sign()),
            *(layers.BinaryConv2D(40), layers.MaxPool2D(), layers.BatchNorm()),
            *(layers.Flatten(), layers.Dense(3), layers.SoftmaxCrossEntropy()),
        ),
    )
    rng = np.random.default_rng(3)
    images, labels = rng.integers(0, 256, (32, 8, 8, 2)).astype(np.uint8), rng.integers(0, 3, 32)
    whole = lc.Trainer(network, "lean", batch_size=16, threads=1)
    whole.fit((images, labels), 2)
    small = lc.prune(whole, 4.0, "channel", threads=1)
    found = narrow(network, dict(whole.state), 4.0)
    assert {name: len(found.channels[name]) for name in ("binary_conv2d1", "binary_conv2d2")} == {
        "binary_conv2d1": 10,
        "binary_conv2d2": 20,
    }
    masked = lc.Trainer(network, "lean", batch_size=16, threads=1, prune=Pruning(4.0, "word"))
    masked.state.update(dict(whole.state))
    pruned = np.ones((40, 3, 3, 20), bool)
    pruned[np.ix_(found.channels["binary_conv2d2"], range(3), range(3), found.channels["binary_conv2d1"])] = False
    masked.state.prune("binary_conv2d2", pruned)
    weights = masked.state["dense1.weights"].reshape(3, 4, 4, 40).copy()
    weights[..., np.setdiff1d(np.arange(40), found.channels["binary_conv2d2"])] = 0
    masked.state["dense1.weights"] = weights.reshape(masked.state.shape("dense1.weights"))
    assert np.array_equal(small.predict(images).outputs, masked.predict(images).outputs)
    assert set(carried_over(network.graph, found, dict(whole.state))) == set(small.state)
