"""The formulas of an Edge TPU, on cells whose times and energy are known to the digit, and in plain whole numbers."""

import math

import numpy as np
import pytest

from linocut.devices import edge_tpu, load

CLASSES = ("edgetpu-v1", "edgetpu-v2", "edgetpu-v3")
# A cell of NASBench-101's description: conv1x1, three conv3x3 and a maxpool3x3 in vertices 1 to 5.
EDGES = ((0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6))
KERNELS = {1: 1, 2: 3, 3: 3, 4: 3, 5: None}  # None: the pool


def cell_operations(channels_in, channels, side):
    """Of the cell above, by hand: vertices 1, 2, 4 and 5 feed the output, and share its channels."""
    quarter = channels // 4
    found = []
    for vertex, kernel in KERNELS.items():
        if (0, vertex) in EDGES:
            found.append(("conv", 1, channels_in, quarter, side))
        found.append(("conv", kernel, quarter, quarter, side) if kernel else ("elementwise", quarter, 9, side))
    return found


def network(cell):
    """A stem, three stacks of three cells with pools between, and the classes."""
    found, before = [("conv", 3, 3, 128, 32)], 128
    for stack, (channels, side) in enumerate(((128, 32), (256, 16), (512, 8))):
        if stack:
            found.append(("elementwise", before, 1, side))
        for _ in range(3):
            found += cell(before, channels, side)
            before = channels
    return [*found, ("elementwise", 512, 64, 1), ("conv", 1, 512, 10, 1)]


def totals(device, operations):
    """(ms, uJ), with the functions under test, caching partial."""
    convs = np.array([one[1:] for one in operations if one[0] == "conv"])
    others = np.array([one[1:] for one in operations if one[0] != "conv"])
    kernel, inputs, outputs, side = convs.T
    weights = edge_tpu.weight_bytes(kernel, inputs, outputs)
    peak = edge_tpu.activation_bytes(inputs, outputs, side).max()
    streamed = edge_tpu.streamed_partial(weights.sum(), edge_tpu.capacity(device, peak)) * weights / weights.sum()
    cycles = edge_tpu.conv_cycles(device, kernel, inputs, outputs, side)
    seconds = edge_tpu.conv_seconds(device, cycles, streamed).sum() + edge_tpu.input_seconds(device, 3072)
    channels, count, small = others.T
    seconds += edge_tpu.elementwise_seconds(device, edge_tpu.elementwise_cycles(device, channels, count, small)).sum()
    macs = kernel**2 * inputs * outputs * side**2
    values = edge_tpu.activation_bytes(inputs, outputs, side)
    spent = edge_tpu.conv_picojoules(device, macs, weights, values, streamed).sum()
    spent += edge_tpu.elementwise_picojoules(device, channels * small**2, count).sum()
    return seconds * 1e3, spent / 1e6, weights.sum(), macs.sum()


@pytest.mark.parametrize(
    ("name", "cell", "projection"),
    [("edgetpu-v1", 0.12816, 0.024966), ("edgetpu-v2", 0.21175, 0.046111), ("edgetpu-v3", 0.18005, 0.046111)],
)
def test_cells_that_are_known(name, cell, projection):
    ms, uj, weights, macs = totals(load(name), network(cell_operations))
    assert (round(ms, 5), round(uj, 2), int(macs)) == (cell, 268.50, 402_002_944)
    biases = sum(one[3] for one in network(cell_operations) if one[0] == "conv")
    # Its 2,694,282 parameters: weights, gamma and beta of each filter, and the classes' biases.
    assert weights - 4 * biases + 2 * (biases - 10) + 10 == 2_694_282
    alone = network(lambda before, channels, side: [("conv", 1, before, channels, side)])
    assert round(totals(load(name), alone)[0], 6) == projection


@pytest.mark.parametrize(("name", "tops"), [*zip(CLASSES, (26.21, 8.73, 8.73), strict=True)])
def test_peaks(name, tops):
    device = load(name)
    assert round(2 * device.macs_per_cycle * device.clock_hz / 1e12, 2) == tops
    assert device.memory_bytes == {"edgetpu-v1": 32, "edgetpu-v2": 6, "edgetpu-v3": 8}[name] * 2**20


def transcribed(device, k, ci, co, h):
    """Section by section, in whole numbers of Python."""
    across, down = device.grid
    best = math.inf
    for g in (1, 2, 4, 8, 16):
        if g <= device.cores:
            rows = math.ceil(math.ceil(h / down) / (device.cores / g))
            cycles = rows * math.ceil(h / across) * math.ceil(co / (g * device.lanes)) * math.ceil(ci / 4) * k**2
            best = min(best, cycles)
    return best


@pytest.mark.parametrize("name", CLASSES)
def test_arrays_are_scalars_side_by_side(name):
    device = load(name)
    random = np.random.default_rng(0)
    sizes = np.stack([random.choice((1, 3, 5), 200), *(random.integers(1, most, 200) for most in (600, 600, 40))])
    together = edge_tpu.conv_cycles(device, *sizes)
    assert together.tolist() == [transcribed(device, *map(int, one)) for one in sizes.T]
    assert together.tolist() == [int(edge_tpu.conv_cycles(device, *map(int, one))) for one in sizes.T]


def test_a_systolic_array():
    device = load("coral-usb")
    assert edge_tpu.conv_cycles(device, 3, 65, 64, 10) == 9 * 2 * 1 * 100
    assert edge_tpu.conv_cycles(device, 3, 1, 130, 10) == 9 * 3 * 100  # depthwise: k^2 ceil(c / 64) h^2


def test_sizes_of_32_bits_do_not_overflow():
    huge = np.array([2**20], np.int32)
    assert edge_tpu.conv_cycles(load("edgetpu-v2"), 1, huge, huge, np.array([4], np.int32)) == 2**18 * 2**14
