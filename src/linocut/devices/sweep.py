"""Sweep: what all cells of NASBench-101 cost on devices, over arrays of cells and not objects of networks.

The same formulas as an estimate of one network, node by node (edge_tpu.py): an own analytic model, not cycle accurate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linocut.devices import edge_tpu
from linocut.devices.device import ALL, PARTIAL, Device
from linocut.devices.kinds import EDGE_TPU, SYSTOLIC
from linocut.devices.table import load
from linocut.errors import SpecError, unknown_name
from linocut.fields import shown
from linocut.networks.nasbench.cell import checked
from linocut.networks.nasbench.network import KINDS
from linocut.networks.nasbench.operations import INPUT_CHANNELS, SIDE, Convolution, Elementwise, Family, Operation
from linocut.ops.bits import Array

INPUT_BYTES = SIDE * SIDE * INPUT_CHANNELS
STREAMED = {PARTIAL: edge_tpu.streamed_partial, ALL: edge_tpu.streamed_all}


@dataclass(frozen=True)
class Sweep:
    """What the networks of some cells cost on devices, of one image with 8-bit weights and activations.

    `cells` (cells,) of V, bits and labels; `ms`, `uj` and `streamed_bytes` (cells, devices), in the order of `devices`;
    `weight_bytes` and `peak_bytes`, of the activations, (cells,). `calibrated` says of each device what its constants
    were fitted on, "" for nothing; it is empty where that is not known.
    """

    cells: NDArray[np.void]
    devices: tuple[str, ...]
    caching: str
    ms: Array
    uj: Array
    streamed_bytes: Array
    weight_bytes: Array
    peak_bytes: Array
    calibrated: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What the figures are, in one line: never measured, never cycle accurate."""
        fitted = [f"{name} on {what}" for name, what in zip(self.devices, self.calibrated, strict=False) if what]
        how = f", calibrated: {', '.join(fitted)}" if fitted else ", not calibrated" if self.calibrated else ""
        return f"an own analytic model of published parameters{how}; not cycle accurate; 8-bit weights, one image"

    def on(self, device: str) -> int:
        """The column of a device; SpecError, with the nearest name, for another."""
        if device not in self.devices:
            raise unknown_name("device of this sweep", device, self.devices)
        return self.devices.index(device)


def sweep(cells: NDArray[np.void], devices: Sequence[Device | str | Path], caching: str = PARTIAL) -> Sweep:
    """The cost of the networks of (cells,), as nasbench.cells() gives them, on devices; a second for all on three.

    Devices are given as `estimate` takes them. `caching` is "partial" (weights that have no room are streamed) or "all"
    (nothing is kept unless all is). SpecError for other cachings, for what is no array of cells, for no devices, and
    for those that are no Edge TPU or systolic array, or lack layers of these networks.
    """
    if not isinstance(caching, str) or caching not in STREAMED:
        raise unknown_name("caching of a sweep", caching, tuple(STREAMED))
    return _swept(checked(cells), _loaded(devices), caching)


def _loaded(given: Sequence[Device | str | Path]) -> list[Device]:
    """The devices, each fit for a sweep; SpecError for none, for one that is not, and for two of one name."""
    if isinstance(given, (str, Path, Device)) or not given:
        raise SpecError(f"a sweep is over the devices {shown(given)}, must be a list of one or more")
    devices = [one if isinstance(one, Device) else load(one) for one in given]
    for device in devices:
        if [one.name for one in devices].count(device.name) > 1:
            raise SpecError(f"two devices of a sweep are called {device.name}; give one of them another name")
        if device.kind not in (EDGE_TPU, SYSTOLIC):
            raise SpecError(
                f"{device.name} is of kind {device.kind}, a sweep takes devices of kind {EDGE_TPU} or {SYSTOLIC}; "
                "take linocut estimate for one network"
            )
        if lacking := [kind for kind in KINDS if kind in device.lacks]:
            raise SpecError(
                f"{device.name} cannot run {lacking[0]}, which networks of NASBench-101 are made of; take another"
            )
        if device.residual is not None:
            raise SpecError(
                f"{device.name} has a residual model, which a sweep does not know; take [residual] out of its file"
            )
    return devices


def _swept(cells: NDArray[np.void], devices: Sequence[Device], caching: str) -> Sweep:
    count = len(cells)
    costs = {name: np.zeros((count, len(devices))) for name in ("ms", "uj")}
    streamed_bytes = np.zeros((count, len(devices)), np.int64)
    weights, peak = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for family in Family.all_of(cells):
        where = family.where
        weights[where], peak[where] = family.sums(_weight_bytes), family.largest(_activation_bytes)
        for column, device in enumerate(devices):
            of = _Costs(family, device, weights[where])
            streamed = STREAMED[caching](of.weights, edge_tpu.capacity(device, peak[where]))
            seconds = of.seconds(streamed)
            costs["ms"][where, column] = 1e3 * seconds
            costs["uj"][where, column] = 1e-6 * of.picojoules(streamed) + 1e6 * seconds * device.static_watts
            streamed_bytes[where, column] = streamed
    names = tuple(device.name for device in devices)
    fitted = tuple(device.calibrated for device in devices)
    return Sweep(cells, names, caching, costs["ms"], costs["uj"], streamed_bytes, weights, peak, fitted)


@dataclass(frozen=True)
class _Costs:
    """A family of cells on one device; `weights` (cells,) are all bytes of weights of each network."""

    family: Family
    device: Device
    weights: Array

    def seconds(self, streamed: Array) -> Array:
        """Of each cell's network, of which so many bytes are streamed: (cells,) to (cells,)."""
        kept = self.family.sums(self._seconds_kept) + edge_tpu.input_seconds(self.device, INPUT_BYTES)
        late = np.flatnonzero(streamed)
        kept[late] += self._seconds_streaming(late, streamed[late] / self.weights[late])
        return kept

    def _seconds_kept(self, operation: Operation) -> Any:
        if isinstance(operation, Elementwise):
            shape = operation.channels, operation.count, operation.side
            return edge_tpu.elementwise_seconds(self.device, edge_tpu.elementwise_cycles(self.device, *shape))
        return edge_tpu.conv_seconds(self.device, self._cycles(operation), 0)

    def _seconds_streaming(self, cells: Array, part: Array) -> Array:
        """What is added where a `part` of every convolution's weights is streamed: (cells,) of some cells."""
        added = np.zeros(len(cells))
        for operation in self.family.operations:
            if not isinstance(operation, Convolution):
                continue
            have = np.flatnonzero(self.family.has(operation.where, cells))
            graph = self.family.graph[cells[have]]
            cycles = np.broadcast_to(self._cycles(operation), self.family.graphs)[graph]
            weights = np.broadcast_to(_weight_bytes(operation), self.family.graphs)[graph]
            with_it = edge_tpu.conv_seconds(self.device, cycles, weights * part[have])
            without = edge_tpu.conv_seconds(self.device, cycles, 0)
            added[have] += operation.where.times * (with_it - without)
        return added

    def _cycles(self, operation: Convolution) -> Any:
        shape = operation.kernel, operation.inputs, operation.outputs, operation.side
        return edge_tpu.conv_cycles(self.device, *shape)

    def picojoules(self, streamed: Array) -> Array:
        """The same of their energy, without static power; of a byte that is streamed there is no time or place."""
        return self.family.sums(self._picojoules_kept) + edge_tpu.conv_picojoules(self.device, 0, 0, 0, streamed)

    def _picojoules_kept(self, operation: Operation) -> Any:
        if isinstance(operation, Elementwise):
            outputs = operation.channels * operation.side**2
            return edge_tpu.elementwise_picojoules(self.device, outputs, operation.count)
        macs = operation.kernel**2 * operation.inputs * operation.outputs * operation.side**2
        moved = _weight_bytes(operation), _activation_bytes(operation)
        return edge_tpu.conv_picojoules(self.device, macs, *moved, 0)


def _weight_bytes(operation: Operation) -> Any:
    if not isinstance(operation, Convolution):
        return 0
    return edge_tpu.weight_bytes(operation.kernel, operation.inputs, operation.outputs)


def _activation_bytes(operation: Operation) -> Any:
    if not isinstance(operation, Convolution):
        return 0
    return edge_tpu.activation_bytes(operation.inputs, operation.outputs, operation.side)
