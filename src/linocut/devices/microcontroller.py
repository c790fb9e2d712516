"""Rows of a microcontroller: instructions of exported C, by what each node asks and what one of it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from linocut.devices.device import Device
from linocut.devices.kinds import BYTES, ELEMENTS, FLOATS, NODES, NUMBERS, OUTPUTS, PLANES, WORDS
from linocut.devices.rows import COMPUTE, Row
from linocut.graph.asked import Asked
from linocut.layers.base import REAL_BITS
from linocut.layers.operations import Elementwise, Product

WORD = 32
POOLED = 0.75  # of the outputs of a binary layer before a max-pool are formed, as counts have it


def work(nodes: Sequence[Asked], dtype: str) -> dict[str, float]:
    """How much there is of each kind, for one example whose values are of a type, "u8" or "f32"."""
    total: Counter[str] = Counter()
    for node in nodes:
        total.update(work_of(node, dtype))
    return dict(total)


def work_of(node: Asked, dtype: str) -> Mapping[str, float]:
    """The same of a node.

    Of a binary layer whose outputs a max-pool alone reads, exported C forms fewer: a sign may decide its window. Levels
    of few bits are multiplied plane by plane.
    """
    does = node.operation
    if isinstance(does, Elementwise):
        return {ELEMENTS: does.outputs * does.count, NODES: 1}
    assert isinstance(does, Product), "circulant blocks are counted by frames"
    pixels = does.height * does.width
    outputs: dict[str, float] = {(OUTPUTS if node.binary else NUMBERS): pixels * does.outputs, NODES: 1}
    if not node.binary or (dtype != "u8" and not node.signs):
        return {FLOATS: does.macs, **outputs}
    part = POOLED if node.pooled else 1.0
    outputs[OUTPUTS] *= part
    if not node.signs:
        return {BYTES: part * does.macs, **outputs}
    pairs = node.weight_bits * node.input_bits
    return {WORDS if pairs == 1 else PLANES: part * pairs * _words(does) * does.outputs * pixels, **outputs}


def rows(device: Device, nodes: Sequence[Asked], dtype: str, batch: int) -> tuple[Row, ...]:
    """A row for each node, of so many examples one after the other; a cycle an instruction.

    Of nodes energy is not known: what a device says is its power while it runs, `static_watts`.
    """
    rates = dict(device.rates)
    rates.setdefault(PLANES, rates[WORDS])
    found = []
    for node in nodes:
        cycles = batch * sum(rates.get(kind, 0.0) * amount for kind, amount in work_of(node, dtype).items())
        ms = cycles / device.clock_hz * 1e3
        found.append(Row(node.name, node.kind, batch * node.macs, cycles, None, 0.0, 0.0, ms, 0.0, COMPUTE))
    return tuple(found)


def flash_bytes(nodes: Sequence[Asked]) -> int:
    """Bytes of weights as they are exported: planes of bits in whole words, floats of 4 bytes."""
    total = 0
    for node in nodes:
        if isinstance(node.operation, Product):
            does = node.operation
            planes = node.weight_bits * _words(does) * WORD // 8
            total += does.outputs * (planes if node.binary else does.taps * does.inputs * 4)
    return total


def scratch_bytes(nodes: Sequence[Asked]) -> int:
    """Bytes of the largest values that a node reads and gives: levels are packed, floats take 4 bytes, bytes 1.

    Exported C says of itself what it takes, to the byte (`linocut export`); this is before there is any.
    """
    given = max((node.input_bits for node in nodes if node.signs), default=1)  # the most that any layer is given
    return max(
        _bytes(node.reads, node.input_bits, node) + _bytes(node.gives, given if node.binary else REAL_BITS, node)
        for node in nodes
    )


def _bytes(count: int, bits: int, node: Asked) -> int:
    if bits < REAL_BITS:
        return -(-count // 8) * bits
    return count * (1 if node.binary else 4)


def _words(does: Product) -> int:
    """Words of one output's weights: the channels of each tap begin a new one."""
    return does.taps * -(-does.inputs // WORD)
