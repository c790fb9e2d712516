"""Rows of an Edge TPU or a systolic array: which weights stay on the device, and what each node takes then."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linocut.devices import edge_tpu
from linocut.devices.device import ALL, BITS, CACHINGS, INT8, KNAPSACK, Device
from linocut.devices.knapsack import best_kept
from linocut.devices.residual import features_of
from linocut.devices.rows import COMPUTE, LEARNED, LINK, OVERHEAD, STREAMING, Row
from linocut.errors import unknown_name
from linocut.graph.asked import Asked
from linocut.layers.operations import Elementwise, Product


@dataclass(frozen=True)
class Stored:
    """Where the weights of a network lie: bytes, and bytes streamed, by node; the room for them, activations' peak."""

    weights: Mapping[str, int]
    streamed: Mapping[str, float]
    room: int
    peak: int


def one_bit(nodes: Sequence[Asked], precision: str) -> frozenset[str]:
    """The nodes whose weights are sent as bits: none of int8, those with binary weights of mixed, all of 1."""
    if precision == INT8:
        return frozenset()
    return frozenset(node.name for node in nodes if node.macs and (precision == BITS or node.binary))


def stored(device: Device, nodes: Sequence[Asked], bits: frozenset[str], caching: str, batch: int) -> Stored:
    """Where the weights lie under a policy of caching; SpecError for an unknown one."""
    if caching not in CACHINGS:
        raise unknown_name("caching", caching, CACHINGS)
    products = [node for node in nodes if isinstance(node.operation, Product)]
    weights = {node.name: _bytes(node, bits) for node in products}
    total = sum(weights.values())
    peak = max((batch * (node.reads + node.gives) for node in products), default=0)
    room = int(edge_tpu.capacity(device, peak))
    if caching == KNAPSACK:
        streamed = _best(device, products, weights, room, batch)
    else:
        law = edge_tpu.streamed_all if caching == ALL else edge_tpu.streamed_partial
        share = float(law(total, room)) / total if total else 0.0
        streamed = {name: share * size for name, size in weights.items()}
    return Stored(weights, streamed, room, peak)


def rows(device: Device, nodes: Sequence[Asked], kept: Stored, inputs: int, batch: int) -> tuple[Row, ...]:
    """Rows of a batch: the input, of so many bytes an example, each node, and what any run takes."""
    seconds = batch * inputs / device.bandwidth
    first = Row("input", "input", 0, seconds * device.clock_hz, None, 0.0, 0.0, seconds * 1e3, 0.0, LINK)
    return (first, *(_row(device, node, kept, batch) for node in nodes), *_fixed(device))


def _fixed(device: Device) -> tuple[Row, ...]:
    """What a run takes whatever it does, where a device says so."""
    ms, cycles = device.fixed_s * 1e3, device.fixed_s * device.clock_hz
    return (Row("run", "fixed", 0, cycles, None, 0.0, 0.0, ms, 0.0, OVERHEAD),) if ms else ()


def corrected(
    device: Device, nodes: Sequence[Asked], found: tuple[Row, ...], kept: Stored, batch: int
) -> tuple[Row, ...]:
    """The rows, and one more for what a residual model adds, or takes, where the device has one."""
    if device.residual is None:
        return found
    cycles = [cycles_of(device, node, batch) for node in nodes]
    features = features_of(nodes, cycles, device.macs_per_cycle, sum(kept.weights.values()))
    law = sum(row.ms for row in found)
    more = law * (device.residual.factor(features) - 1)
    return (*found, Row("residual", "learned", 0, more * device.clock_hz / 1e3, None, 0.0, 0.0, more, 0.0, LEARNED))


def xnor_device(device: Device) -> Device:
    """The same with hypothetical lanes, each of so many one-bit products as `xnor` says for an 8-bit one."""
    times = int(device.xnor)
    if device.array is None:
        return dataclasses.replace(device, macs_per_lane=device.macs_per_lane * times)
    return dataclasses.replace(device, array=(device.array[0] * times, device.array[1]))


def _bytes(node: Asked, bits: frozenset[str]) -> int:
    """Weights of 8 bits, or of as few as they have, and a 32-bit bias a filter."""
    assert isinstance(node.operation, Product)
    weights = node.operation.weights
    own = -(-weights * (node.weight_bits if node.binary else 1) // 8) if node.name in bits else weights
    return own + edge_tpu.BIAS_BYTES * node.operation.outputs


def cycles_of(device: Device, node: Asked, batch: int) -> float:
    """Cycles of a node for a whole batch."""
    does = node.operation
    if isinstance(does, Product):
        cycles = edge_tpu.product_cycles(device, does.taps, does.inputs, does.outputs, does.height, does.width)
        return batch * int(cycles)
    assert isinstance(does, Elementwise), "what a device cannot run is refused before"
    return batch * float(edge_tpu.elements_cycles(device, does.outputs, does.count))


def _best(
    device: Device, products: Sequence[Asked], weights: Mapping[str, int], room: int, batch: int
) -> dict[str, float]:
    """All of a node's weights, or none of them: streamed are those whose streaming costs least."""
    gains = []
    for node in products:
        cycles = cycles_of(device, node, batch)
        streaming = edge_tpu.conv_seconds(device, cycles, weights[node.name])
        gains.append(float(streaming - edge_tpu.conv_seconds(device, cycles, 0)))
    kept = best_kept([weights[node.name] for node in products], gains, room)
    return {node.name: 0.0 if own else float(weights[node.name]) for node, own in zip(products, kept, strict=True)}


def _row(device: Device, node: Asked, kept: Stored, batch: int) -> Row:
    cycles = cycles_of(device, node, batch)
    computing = cycles / device.clock_hz
    if isinstance(node.operation, Elementwise):
        seconds = float(edge_tpu.elementwise_seconds(device, cycles))
        spent = batch * float(edge_tpu.elementwise_picojoules(device, node.operation.outputs, node.operation.count))
        bound = OVERHEAD if device.elementwise_overhead_s > computing else COMPUTE
        return Row(node.name, node.kind, 0, cycles, None, 0.0, 0.0, seconds * 1e3, spent / 1e6, bound)
    weights, streamed = kept.weights[node.name], kept.streamed[node.name]
    macs = batch * node.macs
    parts = {COMPUTE: computing, STREAMING: streamed / device.bandwidth, OVERHEAD: device.overhead_s}
    values = batch * (node.reads + node.gives)
    return Row(
        node.name,
        node.kind,
        macs,
        cycles,
        macs / (cycles * device.macs_per_cycle),
        weights - streamed,
        streamed,
        float(edge_tpu.conv_seconds(device, cycles, streamed)) * 1e3,
        float(edge_tpu.conv_picojoules(device, macs, weights, values, streamed)) / 1e6,
        max(parts, key=lambda part: parts[part]),
    )
