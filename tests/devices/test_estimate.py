"""Estimates of networks: rows that add up, policies of caching, precisions, and what cannot be estimated."""

import dataclasses
import json
import math

import pytest

import linocut as lc
from linocut.devices.device import Picojoules
from linocut.devices.residual import FEATURES
from linocut.devices.residual import Residual as LearnedResidual
from linocut.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Input,
    MaxPool2D,
    ReLU,
    Residual,
    SoftmaxCrossEntropy,
    Tanh,
)
from linocut.report.estimate_table import by_node

SMALL = lc.Network(
    "small",
    (Input((8, 8, 3)), Conv2D(16), BatchNorm(), ReLU(), MaxPool2D(), Flatten(), Dense(10), SoftmaxCrossEntropy()),
)


def test_rows_add_up():
    found = lc.estimate(lc.models.build("resnet50"), "coral-usb")
    assert found.total_ms == pytest.approx(sum(row.ms for row in found.rows))
    assert [row.ms for row in found.rows if row.kind == "fixed"] == [found.fixed_ms] == [found.device.fixed_s * 1e3]
    assert found.streamed_bytes == pytest.approx(found.weight_bytes - found.capacity_bytes, abs=1)
    for row in found.rows:
        assert row.utilisation is None or 0 < row.utilisation <= 1
    products = [row for row in found.rows if row.macs]
    assert sum(row.kept_bytes + row.streamed_bytes for row in products) == pytest.approx(found.weight_bytes)
    assert found.macs == 7_211_875_072
    described = json.loads(json.dumps(found.to_json()))
    assert {"device", "total_ms", "total_uj", "peak_bytes", "streamed_bytes", "rows"} <= set(described)
    assert {"name", "kind", "macs", "ms", "uj", "utilisation", "bound"} <= set(described["rows"][1])


def test_a_network_by_hand():
    """Two products and a pool on edgetpu-v1: 16 PEs of 4 cores of 64 lanes."""
    device = lc.devices.load("edgetpu-v1")
    found = {row.name: row for row in lc.estimate(SMALL, device).rows}
    assert list(found) == ["input", "conv2d1", "max_pool2d1", "dense1"]
    assert found["conv2d1"].cycles == 1 * 2 * 1 * 1 * 9  # a row a core, two columns a PE
    assert found["conv2d1"].kept_bytes == 9 * 3 * 16 + 4 * 16
    assert found["max_pool2d1"].cycles == 4 * 4 * 16 / (16 * 4 * 64)
    assert found["dense1"].cycles == 64 and found["dense1"].macs == 2560
    assert found["conv2d1"].ms == pytest.approx(18 / 800e6 * 1e3 + 1e-3)
    assert found["input"].ms == pytest.approx(192 / 17e9 * 1e3)
    spent = 0.23 * 2560 + 2.5 * 2560 / 16 + 12.5 * (2560 + 40 + 266)
    assert found["dense1"].uj == pytest.approx(spent / 1e6)


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "vgg16"])
@pytest.mark.parametrize("device", ["edgetpu-v2", "coral-usb"])
def test_the_best_caching_is_no_slower(name, device):
    """Than all or nothing, and than keeping the first layers that fit."""
    network = lc.models.build(name)
    best = lc.estimate(network, device, caching="knapsack")
    nothing = lc.estimate(network, dataclasses.replace(best.device, cache_bytes=0, cache_shared=False))
    assert best.total_ms <= lc.estimate(network, device, caching="all").total_ms
    assert sum(row.kept_bytes for row in best.rows) <= best.capacity_bytes
    room, greedy = best.capacity_bytes, nothing.total_ms
    for row in nothing.rows:
        if 0 < row.streamed_bytes <= room:
            room -= int(row.streamed_bytes)
            computing = row.cycles / best.device.clock_hz * 1e3
            alone = best.device.overhead_s * 1e3 + computing
            greedy += min(0.0, alone - row.ms)
    assert best.total_ms <= greedy + 1e-9


def test_precisions():
    network = lc.models.cnv()
    by = {one: lc.estimate(network, "coral-usb", one) for one in ("int8", "mixed", "1")}
    weights = sum(node.cost.binary_parameters for node in network.graph.nodes)
    assert by["int8"].weight_bytes - by["1"].weight_bytes == weights * 7 / 8
    assert by["mixed"].weight_bytes == by["1"].weight_bytes  # all its layers are binary
    assert by["int8"].xnor_ms is None and by["mixed"].xnor_ms < by["mixed"].total_ms
    real = lc.models.build("vgg16")
    assert lc.estimate(real, "coral-usb", "mixed").total_ms == lc.estimate(real, "coral-usb").total_ms
    assert lc.estimate(real, "coral-usb", "1").total_ms == pytest.approx(31, abs=2)  # section 7's law says about 31


def test_one_bit_lanes_of_a_device_with_a_residual_model():
    """The model adds the same part to the time with hypothetical lanes as to the time without."""
    zeros, ones = (0.0,) * len(FEATURES), (1.0,) * len(FEATURES)
    plain = lc.devices.load("coral-usb")
    learned = dataclasses.replace(plain, residual=LearnedResidual(0.25, zeros, zeros, ones))
    without, found = (lc.estimate(lc.models.cnv(), device, "1") for device in (plain, learned))
    for name in ("total_ms", "xnor_ms"):
        assert getattr(found, name) == pytest.approx(math.exp(0.25) * getattr(without, name), rel=1e-12), name


def test_what_would_mend_it():
    (advice,) = lc.estimate(lc.models.build("densenet121"), "coral-usb").mends
    assert "too many for the cache: binarise dense1, " in advice and "ms become" in advice
    assert lc.estimate(lc.models.cnv(), "coral-usb").mends == ()
    two = lc.devices.load("coral-usb")
    two = dataclasses.replace(two, cache_bytes=1_100_000)
    (advice,) = lc.estimate(lc.models.cnv(), two).mends
    assert "binarise binary_conv2d6; " in advice  # the smallest that saves enough


def test_a_batch_streams_weights_once():
    network = lc.models.build("vgg16")
    one, four = (lc.estimate(network, "coral-usb", batch=batch) for batch in (1, 4))
    assert four.streamed_bytes == one.streamed_bytes
    assert four.total_ms < 4 * one.total_ms and four.macs == 4 * one.macs


def test_norms_fold_where_a_product_is_before_them():
    body = (Conv2D(16), BatchNorm())
    layers = (Input((8, 8, 3)), *body, ReLU(), Residual(body), BatchNorm(), ReLU(), GlobalAveragePool(), Dense(2))
    rows = lc.estimate(lc.Network("two", (*layers, SoftmaxCrossEntropy())), "coral-usb").rows
    assert [row.kind for row in rows if row.kind == "batch_norm"] == ["batch_norm"]  # the one behind the sum


def test_what_cannot_be_estimated():
    network = lc.Network("smooth", (Input((4,)), Dense(3), Tanh(), Dense(2), SoftmaxCrossEntropy()))
    device = dataclasses.replace(lc.devices.load("coral-usb"), lacks=("tanh",))
    with pytest.raises(lc.SpecError, match="coral-usb cannot run tanh1, a tanh; replace that layer"):
        lc.estimate(network, device)
    lacking = dataclasses.replace(device, lacks=("tanh", "dense"))
    with pytest.raises(lc.SpecError, match=r"run dense1 \(dense\), tanh1 \(tanh\), dense2 \(dense\); replace these"):
        lc.estimate(network, lacking)
    with pytest.raises(lc.SpecError, match=r"conv2d8 \(conv2d\) and 5 more; replace these layers"):
        lc.estimate(lc.models.build("vgg16"), dataclasses.replace(device, lacks=("conv2d",)))
    for given, says in (
        ({"precision": "int4"}, "no precision is called 'int4'"),
        ({"caching": "some"}, "no caching is called 'some'"),
        ({"batch": 0}, "batch is 0, must be a whole number"),
    ):
        with pytest.raises(lc.SpecError, match=says):
            lc.estimate(network, "coral-usb", **given)
    with pytest.raises(lc.SpecError, match="a network or its graph is estimated"):
        lc.estimate("vgg16", "coral-usb")


def test_energy_that_is_not_known_is_not_told_as_none():
    device = dataclasses.replace(lc.devices.load("coral-usb"), energy=Picojoules())
    assert "energy is not known: the device has no table [energy]" in by_node(lc.estimate(SMALL, device))
    assert "energy is not known" not in by_node(lc.estimate(SMALL, "coral-usb"))


def test_where_activations_lie_is_said():
    crowded, separate = (by_node(lc.estimate(SMALL, name, batch=10_000)) for name in ("edgetpu-v2", "coral-usb"))
    assert "activations are more than its memory of 6.00 MiB: that they leave the device is not counted" in crowded
    assert "6.34 MiB apart from activations of " in separate and "not counted" not in separate
    assert "not counted" not in by_node(lc.estimate(SMALL, "edgetpu-v2"))


def test_what_the_figures_are_is_said():
    for name, says in (("coral-usb", "constants fitted on"), ("edgetpu-v1", "not calibrated")):
        assert says in lc.estimate(SMALL, name).about and "not cycle accurate" in lc.estimate(SMALL, name).about
