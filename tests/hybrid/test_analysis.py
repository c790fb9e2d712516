"""analyse: covariances of what layers give, sensitivity to their precision, and what more bits cost."""

import numpy as np
import pytest
from small_training import examples

import linocut as lc
from linocut.errors import DataError, SpecError
from linocut.hybrid.analysis import find_choices
from linocut.hybrid.components import components, explained
from linocut.layers import BatchNorm, BinaryConv2D, Conv2D, Dense, GlobalAveragePool, Input, ReLU, Residual, Sign
from linocut.layers import SoftmaxCrossEntropy as Loss


def body(name, filters=8, stride=1):
    return (BatchNorm(), Sign(), BinaryConv2D(filters, stride=stride).named(name), BatchNorm(), ReLU())


SIDE = (BatchNorm(), Sign(), BinaryConv2D(16, 1, 2).named("shortcut4"), BatchNorm())
NETWORK = lc.Network(
    "small",
    (
        *(Input((6, 6, 1)), Conv2D(8).named("conv1"), BatchNorm(), ReLU(), Residual(body("conv2")), *body("conv3")),
        *(Residual(body("conv4", 16, 2), SIDE), GlobalAveragePool(), Dense(4), BatchNorm(), Loss()),
    ),
)


@pytest.fixture(scope="module")
def trainer():
    own = lc.Trainer(NETWORK, batch_size=10, threads=1, optimizer=lc.Adam(0.01))
    own.fit(examples(count=100), 2)
    return own


@pytest.mark.parametrize(("tap", "nodes"), [("conv", "conv2 conv3 conv4"), ("block", "residual1 relu3 residual2")])
def test_components_are_those_of_what_the_layers_give(trainer, tap, nodes):
    images, labels = examples(count=100)
    found = lc.hybrid.analyse(trainer, (images, labels), examples=100, tap=tap, sensitive=False)
    assert [layer.name for layer in found.layers] == ["conv2", "conv3", "conv4"]
    captured = trainer.capture(images, nodes.split())
    for layer, node in zip(found.layers, nodes.split(), strict=True):
        rows = captured[node].reshape(-1, layer.channels).astype(np.float64)
        expected = explained(np.cov(rows.T))
        np.testing.assert_allclose(layer.explained, expected, rtol=1e-9)
        assert layer.count == components(expected)
        assert (layer.falls, layer.precision) == ({}, "1")
    assert found.layers[0].rise is None and not found.layers[0].significant
    assert found.layers[2].rise == found.layers[2].count - found.layers[1].count
    assert found.significant == tuple(layer.name for layer in found.layers if (layer.rise or 0) >= 2)


def test_sensitivity_is_the_fall_of_the_loss_with_the_same_weights(trainer):
    data = examples(count=100)
    before = {name: trainer.state[name] for name in trainer.state}
    found = lc.hybrid.analyse(trainer, data, examples=100, choices=["1", "2", "float"])
    for name, values in before.items():
        np.testing.assert_array_equal(trainer.state[name], values)  # nothing of the trainer has changed
    losses = []
    for changes in ({}, {"conv4": "2"}):  # its shortcut follows
        other = lc.Trainer(NETWORK.with_precision(changes), batch_size=10, threads=1)
        other.start_from(trainer)
        other.find_norms(data, 10)
        losses.append(other.evaluate(data).loss)
    assert found.loss == pytest.approx(losses[0], rel=1e-6)
    assert found.layer("conv4").falls["2"] == pytest.approx(losses[0] - losses[1], rel=1e-6)
    assert found.choices == ("2", "float") and found.layer("conv3").falls["float"] != 0


def test_costs_are_what_the_network_costs_more(trainer):
    found = lc.hybrid.analyse(trainer, examples(count=100), examples=100, sensitive=False, device="cortex-m7")
    layer = found.layer("conv4")
    assert layer.bytes == {
        to: (bits - 1) * (9 * 8 * 16 + 8 * 16) // 8 for to, bits in (("2", 2), ("4", 4), ("float", 32))
    }
    assert layer.pj["float"] > layer.pj["4"] > layer.pj["2"] > 0
    assert layer.ms["float"] > 0 and found.device == "cortex-m7" and found.ms > 0


def test_what_cannot_be(trainer):
    data = examples(count=100)
    with pytest.raises(DataError, match="15 examples are analysed, but conv4 has 16 channels; give as many or more"):
        lc.hybrid.analyse(trainer, data, examples=15)
    told = []
    with pytest.raises(SpecError, match="ku060 is an FPGA, for which a pipeline is built"):
        lc.hybrid.analyse(trainer, data, examples=50, choices=["2"], device="ku060", tell=told.append)
    assert not told  # a pass a layer is not made first
    with pytest.raises(SpecError, match="no tap is called 'convs'; there are conv, block"):
        lc.hybrid.analyse(trainer, data, tap="convs")
    with pytest.raises(SpecError, match="choices are '3', must be of 1, 2, 4, float"):
        lc.hybrid.analyse(trainer, data, choices=["3"])
    with pytest.raises(SpecError, match="choices are 1, must have 2, 4, float or some of these"):
        lc.hybrid.analyse(trainer, data, choices=["1"])
    floats = lc.Network("floats", (Input((6, 6, 1)), Conv2D(8), ReLU(), GlobalAveragePool(), Dense(4), Loss()))
    with pytest.raises(SpecError, match="floats has no layer whose precision could be chosen; analyse a network of"):
        lc.hybrid.analyse(lc.Trainer(floats, batch_size=10, threads=1), data)
    with pytest.raises(SpecError, match="choices are none, must have 2, 4, float or some of these"):
        lc.hybrid.analyse(trainer, data, choices=[])


def test_bits_may_be_whole_numbers():
    assert find_choices([4, "2", "float"]) == ("2", "4", "float")
    with pytest.raises(SpecError, match="choices are 3, True, must be of 1, 2, 4, float"):
        find_choices([3, True])
