"""Cycles, bytes, seconds and picojoules of the operations of an Edge TPU, or of a systolic array.

An own analytic model: an invented, plain mapping onto published numbers of machines; it is not cycle accurate. All of
it takes scalars or NumPy arrays that broadcast, so that one network and 423,624 are the same call. An operation is a
convolution, conv(kernel, inputs, outputs, side of its output), of which a dense layer has kernel and side 1 and a
depthwise convolution inputs 1; or one element by element, of `count` inputs for each output.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from linocut.devices.device import Device

Numbers: TypeAlias = Any  # a number, or an array of them

BIAS_BYTES = 4  # of a filter
BLOCK = 16  # multiply-accumulates that read a byte of a core's memory
MOST_READ = 9  # inputs of an output that are read from the PEs' memory each for itself; of more, once


def conv_cycles(device: Device, kernel: Numbers, inputs: Numbers, outputs: Numbers, side: Numbers) -> Numbers:
    """Cycles of square convolutions; int64."""
    return product_cycles(device, _whole(kernel) ** 2, inputs, outputs, side, side)


def product_cycles(
    device: Device, taps: Numbers, inputs: Numbers, outputs: Numbers, height: Numbers, width: Numbers
) -> Numbers:
    """Cycles of convolutions of `taps` weights for each input and output channel, and so high and wide an output.

    On a grid rows of the output are split over its rows of PEs and columns over its columns; within a PE so many cores
    share output channels, 1, 2, 4 ... of them, the one that takes least, and the others rows.
    """
    taps, inputs, outputs, height, width = (_whole(value) for value in (taps, inputs, outputs, height, width))
    if device.array is not None:
        rows, columns = device.array
        return taps * _up(inputs, rows) * _up(outputs, columns) * (height * width + device.fill_cycles)
    across, down = device.grid or (1, 1)
    depth = _up(inputs, device.macs_per_lane) * taps * _up(width, across)
    best, sharing = None, 1
    while sharing <= device.cores:
        # cores / sharing need not be whole: x / (cores / sharing) rounded up is x sharing / cores rounded up
        rows = _up(_up(height, down) * sharing, device.cores)
        cycles = rows * depth * _up(outputs, sharing * device.lanes)
        best = cycles if best is None else np.minimum(best, cycles)
        sharing *= 2
    return best


def elementwise_cycles(device: Device, channels: Numbers, count: Numbers, side: Numbers) -> Numbers:
    """Cycles of square operations of `count` inputs an output; a real number."""
    return elements_cycles(device, channels * side**2, count)


def elements_cycles(device: Device, outputs: Numbers, count: Numbers) -> Numbers:
    """Cycles of so many outputs of `count` inputs each: an input a lane and cycle, or one a column of an array."""
    lanes = device.array[1] if device.array is not None else device.pes * device.cores * device.lanes
    return outputs * count / lanes


def weight_bytes(kernel: Numbers, inputs: Numbers, outputs: Numbers) -> Numbers:
    """Bytes of a convolution's 8-bit weights and 32-bit biases."""
    return _whole(kernel) ** 2 * inputs * outputs + BIAS_BYTES * outputs


def activation_bytes(inputs: Numbers, outputs: Numbers, side: Numbers) -> Numbers:
    """Bytes that a convolution reads and writes at once, counted at the side of its output."""
    return (inputs + outputs) * _whole(side) ** 2


def capacity(device: Device, peak: Numbers) -> Numbers:
    """Bytes for weights, where activations take `peak` at most."""
    return np.maximum(0, device.memory_bytes - peak) if device.cache_shared else device.memory_bytes + 0 * peak


def streamed_partial(weights: Numbers, room: Numbers) -> Numbers:
    """Bytes of all weights that have no room and are streamed in every run."""
    return np.maximum(0, weights - room)


def streamed_all(weights: Numbers, room: Numbers) -> Numbers:
    """The same where nothing is kept unless everything is."""
    return np.where(weights > room, weights, 0)


def conv_seconds(device: Device, cycles: Numbers, streamed: Numbers) -> Numbers:
    """Seconds of a convolution of which so many bytes are streamed."""
    computing, streaming = cycles / device.clock_hz, streamed / device.bandwidth
    both = np.maximum(computing, streaming) if device.overlap else computing + streaming
    return both + device.overhead_s


def elementwise_seconds(device: Device, cycles: Numbers) -> Numbers:
    """Seconds of an operation element by element."""
    return cycles / device.clock_hz + device.elementwise_overhead_s


def input_seconds(device: Device, nbytes: Numbers) -> Numbers:
    """Seconds in which a run's input comes over the link, and what any run takes."""
    return nbytes / device.bandwidth + device.fixed_s


def conv_picojoules(
    device: Device, macs: Numbers, weights: Numbers, activations: Numbers, streamed: Numbers
) -> Numbers:
    """Energy of a convolution: of its MACs, and of so many bytes of weights, activations and streamed weights."""
    spent = device.energy
    return (
        macs * spent.mac
        + macs / BLOCK * spent.core_byte
        + (weights + activations) * spent.pe_byte
        + streamed * spent.dram_byte
    )


def elementwise_picojoules(device: Device, outputs: Numbers, count: Numbers) -> Numbers:
    """Energy of so many outputs of `count` inputs each."""
    return outputs * np.where(count <= MOST_READ, count, 1) * device.energy.pe_byte


def _up(value: Numbers, by: int) -> Numbers:
    return -(-value // by)


def _whole(value: Numbers) -> Numbers:
    """In 64 bits: products of sizes leave 32."""
    return value if isinstance(value, int) else np.asarray(value, np.int64)
