"""The time of many networks at once, as a function of a device's constants: what a fit looks for.

It is the estimate's own law, caching partial, over all layers of all networks side by side.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linocut.devices import accelerator, edge_tpu
from linocut.devices.device import Device
from linocut.devices.residual import features_of
from linocut.devices.runnable import check_runs
from linocut.devices.times import Time
from linocut.errors import DataError, SpecError, one_line
from linocut.graph.asked import Asked, asked
from linocut.layers.operations import Product

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """Layers of networks one after the other; `begins` are the first of each network.

    Of each layer: cycles, bytes of weights (0 where it multiplies nothing), whether it multiplies. Of each network:
    bytes of the input, the activations' peak, and the features that a residual model sees.
    """

    device: Device
    begins: NDArray[np.int64]
    cycles: Floats
    weights: Floats
    products: NDArray[np.bool_]
    inputs: Floats
    peaks: Floats
    features: Floats

    @staticmethod
    def of(device: Device, times: Sequence[Time]) -> Law:
        """Of networks on a device whose grid or array stays as it is; DataError for one that it cannot run."""
        cycles: list[float] = []
        weights: list[float] = []
        products: list[bool] = []
        begins, inputs, peaks, features = [], [], [], []
        for time in times:
            nodes = asked(time.network.graph)
            _check(device, time, nodes)
            precision = time.precision or device.precision
            kept = accelerator.stored(device, nodes, accelerator.one_bit(nodes, precision), "partial", time.batch)
            begins.append(len(cycles))
            own = [accelerator.cycles_of(device, node, time.batch) for node in nodes]
            cycles += own
            weights += [kept.weights.get(node.name, 0) for node in nodes]
            products += [isinstance(node.operation, Product) for node in nodes]
            inputs.append(time.batch * math.prod(time.network.input.shape))
            peaks.append(kept.peak)
            total = sum(kept.weights.values())
            features.append(features_of(nodes, own, device.macs_per_cycle, total))
        return Law(
            device,
            np.array(begins),
            np.array(cycles),
            np.array(weights, np.float64),
            np.array(products),
            np.array(inputs, np.float64),
            np.array(peaks, np.float64),
            np.array(features),
        )

    def seconds(self, device: Device) -> Floats:
        """Of each network, with the constants of another device of the same grid or array."""
        counts = np.diff([*self.begins, len(self.cycles)])
        total = np.add.reduceat(self.weights, self.begins)
        streamed = edge_tpu.streamed_partial(total, edge_tpu.capacity(device, self.peaks))
        share = np.repeat(streamed / np.maximum(total, 1), counts)
        multiplied = edge_tpu.conv_seconds(device, self.cycles, share * self.weights)
        layers = np.where(self.products, multiplied, edge_tpu.elementwise_seconds(device, self.cycles))
        found: Floats = np.add.reduceat(layers, self.begins) + edge_tpu.input_seconds(device, self.inputs)
        return found

    def only(self, chosen: Sequence[int]) -> Law:
        """The law of some of the networks."""
        ends = [*self.begins[1:], len(self.cycles)]
        layers = np.concatenate([np.arange(self.begins[i], ends[i]) for i in chosen])
        counts = [int(ends[i] - self.begins[i]) for i in chosen]
        return dataclasses.replace(
            self,
            begins=np.cumsum([0, *counts])[:-1],
            cycles=self.cycles[layers],
            weights=self.weights[layers],
            products=self.products[layers],
            inputs=self.inputs[list(chosen)],
            peaks=self.peaks[list(chosen)],
            features=self.features[list(chosen)],
        )


def _check(device: Device, time: Time, nodes: Sequence[Asked]) -> None:
    """DataError, naming the row's network, for one that the device cannot have run."""
    try:
        check_runs(device, time.network.graph, nodes)
    except SpecError as error:
        raise DataError(f"the row of {one_line(time.model)}: {one_line(error)}") from None
