"""Systolic arrays, against an independent simulator that moves every operand: SCALE-Sim, weights stationary."""

import numpy as np
import pytest

import linocut as lc
from linocut.devices import Device
from linocut.layers import Conv2D, Dense, Flatten, Input, ReLU, SoftmaxCrossEntropy

pytest.importorskip("scalesim")

ROWS, COLUMNS = 8, 8
FILL = 2 * ROWS + COLUMNS - 2  # weights go in row by row, and the last operand out through all rows and columns
DEVICE = Device("array", "systolic", "a test", 1e9, 1e9, array=(ROWS, COLUMNS), fill_cycles=FILL, cache_bytes=0)


def simulated(taps, inputs, outputs, pixels):
    """Cycles until all partial sums are out, by the demand of operands cycle by cycle."""
    from scalesim.compute.systolic_compute_ws import systolic_compute_ws
    from scalesim.scale_config import scale_config

    config = scale_config()
    config.array_rows, config.array_cols, config.valid_conf_flag = ROWS, COLUMNS, True
    depth = taps * inputs
    array = systolic_compute_ws()
    shapes = (pixels, depth), (depth, outputs), (pixels, outputs)
    images, filters, sums = (np.arange(rows * columns).reshape(rows, columns) for rows, columns in shapes)
    array.set_params(config, ifmap_op_mat=images, filter_op_mat=filters, ofmap_op_mat=sums)
    array.create_demand_matrices()
    return len(array.get_ofmap_demand_mat())


def test_layers_of_a_network():
    """Input channels that are whole rows: each tap is a tile of its own here, and is one there."""
    layers = (Conv2D(16, 3), ReLU(), Conv2D(20, 1), ReLU(), Conv2D(24, 3, 2), Flatten(), Dense(10))
    network = lc.Network("small", (Input((6, 5, 8)), *layers, SoftmaxCrossEntropy()))
    rows = [row for row in lc.estimate(network, DEVICE).rows if row.macs]
    sizes = ((9, 8, 16, 30), (1, 16, 20, 30), (9, 20, 24, 9), (1, 216, 10, 1))
    for row, (taps, inputs, outputs, pixels) in zip(rows, sizes, strict=True):
        # 20 inputs are 2.5 rows: the model gives each tap three tiles, the simulator packs taps one after the other.
        packed = simulated(taps, inputs, outputs, pixels)
        whole = simulated(taps, -(-inputs // ROWS) * ROWS, outputs, pixels)
        assert row.cycles == whole and row.cycles * 0.8 < packed <= row.cycles, row.name


@pytest.mark.parametrize("seed", range(8))
def test_products_of_all_sizes(seed):
    from linocut.devices.edge_tpu import product_cycles

    random = np.random.default_rng(seed)
    taps, tiles, outputs, height, width = (int(random.integers(1, most)) for most in (10, 5, 40, 9, 9))
    cycles = product_cycles(DEVICE, taps, tiles * ROWS, outputs, height, width)
    assert cycles == simulated(taps, tiles * ROWS, outputs, height * width)
