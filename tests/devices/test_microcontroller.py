"""Microcontrollers: what nodes ask in words and bytes, and counts of exported C that were printed by the emulator."""

import pytest

import linocut as lc
from linocut.devices import microcontroller
from linocut.graph.asked import asked
from linocut.layers import (
    BatchNorm,
    BinaryConv2D,
    BinaryDense,
    Flatten,
    Input,
    MaxPool2D,
    Quantise,
    QuantisedConv2D,
    Sign,
    SoftmaxCrossEntropy,
)
from linocut.report.estimate_table import by_node

CLASSES = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m55")
# Instructions of a prediction of the paper's perceptron: benchmarks/microcontroller/counts.py, gcc 12.2 -O2, qemu.
MLP = dict(zip(CLASSES, (1_642_320, 1_179_640, 1_200_480, 1_199_680, 1_083_968), strict=True))


def test_work_by_hand():
    layers = (Input((8, 8, 3)), BinaryConv2D(40), MaxPool2D(), BatchNorm(), Sign(), BinaryConv2D(16, 3), BatchNorm())
    network = lc.Network("two", (*layers, Sign(), Flatten(), BinaryDense(4), BatchNorm(), SoftmaxCrossEntropy()))
    first, pool, second, dense = (microcontroller.work_of(node, "u8") for node in asked(network.graph))
    assert first == {"bytes": 0.75 * 64 * 27 * 40, "outputs": 0.75 * 64 * 40, "nodes": 1}  # a max-pool reads it
    assert pool == {"elements": 16 * 40, "nodes": 1}
    assert second == {"words": 16 * 9 * 2 * 16, "outputs": 16 * 16, "nodes": 1}  # 40 channels are two words a tap
    assert dense == {"words": 8 * 4, "outputs": 4, "nodes": 1}
    assert microcontroller.flash_bytes(asked(network.graph)) == 4 * (40 * 9 + 16 * 9 * 2 + 4 * 8)


@pytest.mark.parametrize("name", CLASSES)
def test_the_perceptron_is_as_counted(name):
    found = lc.estimate(lc.models.mlp(), name)
    cycles = sum(row.cycles for row in found.rows)
    assert cycles == pytest.approx(MLP[name], rel=0.15)
    assert found.total_ms == pytest.approx(cycles / found.device.clock_hz * 1e3)
    assert "counted instructions" in found.about
    milliwatts = 41 if name == "cortex-m0" else 0  # 11.4 mA at 3.6 V; of others no data sheet was at hand
    assert found.total_uj == pytest.approx(milliwatts * found.total_ms)
    told = "energy: 41 mW for as long" if milliwatts else "energy is not known"
    assert told in by_node(found)
    assert lc.estimate(lc.models.mlp(), name, batch=3).total_ms == pytest.approx(3 * found.total_ms)


def test_layers_that_cannot_be_exported():
    network = lc.models.build("mobilenet_v2", input_shape=(32, 32, 3), classes=4)
    with pytest.raises(lc.SpecError, match="cortex-m4 cannot run depthwise_conv2d1"):
        lc.estimate(network, "cortex-m4")


def levels(weights: int, inputs: int) -> lc.Network:
    conv = (Quantise(inputs), QuantisedConv2D(48, bits=weights), BatchNorm())
    layers = (Input((8, 8, 3)), BinaryConv2D(48), BatchNorm(), *conv, *conv, Sign(), Flatten(), BinaryDense(10))
    return lc.Network("levels", (*layers, BatchNorm(), SoftmaxCrossEntropy()))


def test_levels_of_few_bits_are_multiplied_plane_by_plane():
    nodes = asked(levels(2, 4).graph)
    conv = nodes[1]
    assert (conv.weight_bits, conv.input_bits, nodes[-1].weight_bits, nodes[0].input_bits) == (2, 4, 1, 32)
    assert microcontroller.work_of(conv, "u8") == {"planes": 8 * 64 * 9 * 2 * 48, "outputs": 64 * 48, "nodes": 1}
    words = 9 * 2 * 48
    assert microcontroller.flash_bytes(nodes) == 4 * (48 * 9 + 2 * 2 * words + 10 * 64 * 2 * 48 // 64)
    assert microcontroller.scratch_bytes(nodes) == 2 * 4 * 64 * 48 // 8  # what a layer of 4-bit inputs reads and gives
    # Instructions of exported C as benchmarks/microcontroller/counts.py counts them on a Cortex-M3.
    assert sum(row.cycles for row in lc.estimate(levels(2, 4), "cortex-m3").rows) == pytest.approx(18_345_160, rel=0.15)


def test_weights_of_few_bits_take_as_many_bits_on_an_accelerator():
    mixed, int8 = (lc.estimate(levels(4, 2), "coral-usb", precision) for precision in ("mixed", "int8"))
    weights = 9 * 48 * 48
    few = [row.kept_bytes + row.streamed_bytes for row in mixed.rows if row.kind == "quantised_conv2d"]
    assert few == [weights / 2 + 4 * 48] * 2  # and a bias of 4 bytes a filter
    assert [row.kept_bytes + row.streamed_bytes for row in int8.rows if row.kind == "quantised_conv2d"] == [
        weights + 4 * 48
    ] * 2
