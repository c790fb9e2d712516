"""shapes: the search for the shape of an engine, under what a device has.

With a frame rate: of the two dozen with the fewest products a cycle that reach it with nine tenths of them in use, the
one that takes the fewest LUT; where no shape is so well used, of those that reach it. Without: the highest rate of
those that fit, of rates within a hundredth the fewest products. Of a device four fifths are filled: fuller ones are
hard to route. Lanes and outputs that are looked at are those that divide some layer's channels into equal words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from linocut.devices.device import Device
from linocut.devices.pipeline.resources import Resources
from linocut.devices.word_engine.layers import EngineNetwork
from linocut.devices.word_engine.parts import taken
from linocut.devices.word_engine.tiles import MOST_LANES, MOST_OUTPUTS, MOST_PIXELS, Shape, Timed, cycles_of, timed
from linocut.devices.word_engine.verilog import Engine
from linocut.errors import SpecError
from linocut.ops.bits import Array

USED = 0.9  # of an engine's products, at least
ALIKE = 0.99  # of the best rate: what reaches it may be smaller
FULL = 0.8  # of a device's LUT, BRAM and DSP, at most
BESIDE = 24  # shapes with the fewest products that are compared by LUT
PRUNED_AT_ONCE = 400  # shapes of pruned networks that are counted


def search(network: EngineNetwork, device: Device, clock_hz: float, fps: float | None) -> tuple[Timed, Resources]:
    """The best shape for a network; SpecError where none fits or reaches `fps`, with what is missing."""
    shapes = _candidates(network)
    cycles = cycles_of(network.layers, *shapes.T)
    products = shapes.prod(axis=1)
    used = network.products / (cycles * products)
    pruned = any(layer.kept is not None for layer in network.layers)
    if pruned:  # cycles of so many shapes are counted of those alone that could be good
        rows = np.argsort(products * cycles)[:PRUNED_AT_ONCE]
        shapes, products = shapes[rows], products[rows]
        found = [timed(network, Shape(*map(int, shape))) for shape in shapes]
        cycles, used = np.array([one.cycles for one in found]), np.array([one.used for one in found])
    least: tuple[Timed, Resources] | None = None
    best: tuple[Timed, Resources] | None = None
    order = _order(cycles, products, used, None if fps is None else clock_hz / fps)
    for tried, row in enumerate(_possible(order, products, device)):
        one = timed(network, Shape(*map(int, shapes[row])))
        of_one = one, taken(Engine(one, "engine"), device.family)
        least = _fewer(least, of_one)
        if fits(of_one[1], device):
            best = _fewer(best, of_one)
        if best is not None and (fps is None or tried >= BESIDE):
            break
    if best is None:
        raise SpecError(_missing(network, device, clock_hz, fps, least, int(cycles.min())))
    return best


def _possible(order: Iterator[int], products: Array, device: Device) -> list[int]:
    """Rows of what may fit, as a product takes more than a LUT; where none may, the row of the fewest products."""
    rows = list(order)
    return [row for row in rows if products[row] <= FULL * device.lut] or sorted(rows, key=products.__getitem__)[:1]


def _fewer(one: tuple[Timed, Resources] | None, other: tuple[Timed, Resources]) -> tuple[Timed, Resources]:
    return other if one is None or other[1].lut < one[1].lut else one


def fits(needs: Resources, device: Device) -> bool:
    """Whether a device has that, and a fifth of itself beside."""
    return not lacking(needs, device)


def lacking(needs: Resources, device: Device) -> str:
    """What of a device is missing, in words; "" where it has that."""
    pairs = (("LUT", needs.lut, device.lut), ("BRAM36", needs.bram36, device.bram36), ("DSP", needs.dsp, device.dsp))
    full = f"of which {FULL:.0%} may be filled"
    return ", ".join(f"{need:,} of {has:,} {name}, {full}" for name, need, has in pairs if need > FULL * has)


def _missing(
    network: EngineNetwork,
    device: Device,
    clock_hz: float,
    fps: float | None,
    least: tuple[Timed, Resources] | None,
    cycles: int,
) -> str:
    if least is None:
        most, wanted = clock_hz / cycles, fps or 0.0
        return (
            f"{network.name} at {wanted:,.0f} frames a second is more than the widest engine's {most:,.0f}, whose "
            f"frame takes {cycles:,} cycles; ask for {most:,.0f} or fewer, or a faster --clock"
        )
    one, needs = least
    rate, mend = ("", "") if fps is None else (f" at {fps:,.0f} frames a second", ", or ask for fewer --fps")
    return (
        f"{device.name} holds no engine for {network.name}{rate}: one of {one.shape} takes {lacking(needs, device)}; "
        f"take a larger device{mend}"
    )


def _candidates(network: EngineNetwork) -> Array:
    """Shapes (n, 3)."""
    pixels = [1 << n for n in range(MOST_PIXELS.bit_length())]
    outputs = _divisors((layer.outputs for layer in network.layers), MOST_OUTPUTS)
    lanes = _divisors((layer.inputs for layer in network.layers), MOST_LANES)
    grid = np.meshgrid(pixels, outputs, lanes, indexing="ij")
    return np.stack([one.ravel() for one in grid], axis=1).astype(np.int64)


def _divisors(channels: Iterator[int] | Sequence[int], most: int) -> list[int]:
    """Sizes of words that cut some number of channels into so many, with the least left over."""
    return sorted(
        {-(-count // words) for count in set(channels) for words in range(1, count + 1)} & {*range(1, most + 1)}
    )


def _order(cycles: Array, products: Array, used: Array, most: float | None) -> Iterator[int]:
    """Rows of shapes, the best first."""
    if most is not None:
        reach = np.flatnonzero(cycles <= most)
        yield from reach[np.lexsort((cycles[reach], products[reach], used[reach] < USED))].tolist()
        return
    left = np.ones(len(cycles), bool)
    while left.any():
        alike = np.flatnonzero(left & (cycles * ALIKE <= cycles[left].min()))
        left[alike] = False
        yield from alike[np.lexsort((cycles[alike], products[alike]))].tolist()
