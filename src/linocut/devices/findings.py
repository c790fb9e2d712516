"""Findings of a sweep: which device is fastest where, what room for weights decides, what depth and mix cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from linocut.devices.costmodel.scores import spearman
from linocut.devices.sweep import Sweep
from linocut.networks.nasbench import OPERATIONS, depth, macs, mix, parameters, width
from linocut.ops.bits import Array

EDGES = (0, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6, 64e6)  # bins of parameters


@dataclass(frozen=True)
class Distribution:
    """Of all cells on one device: the mean, percentiles and extremes of ms and uJ, and what part of them streams."""

    device: str
    ms: float
    least_ms: float
    median_ms: float
    most_ms: float
    uj: float
    median_uj: float
    streaming: float


@dataclass(frozen=True)
class Bin:
    """Cells of `begin` to `end` parameters: by device mean ms, the part on which it is fastest, and which streams.

    `gmacs_per_s` is what each device reaches on them, in giga multiply-accumulates a second.
    """

    begin: float
    end: float
    cells: int
    ms: tuple[float, ...]
    fastest: tuple[float, ...]
    streaming: tuple[float, ...]
    gmacs_per_s: tuple[float, ...]


@dataclass(frozen=True)
class Group:
    """Cells that are alike in one number, such as their depth: by device mean ms and uJ, and mean MACs."""

    value: int
    cells: int
    ms: tuple[float, ...]
    uj: tuple[float, ...]
    macs: float


def distributions(sweep: Sweep) -> Iterator[Distribution]:
    """One for each device."""
    for column, device in enumerate(sweep.devices):
        ms, uj = sweep.ms[:, column], sweep.uj[:, column]
        streaming = float(np.mean(sweep.streamed_bytes[:, column] > 0))
        yield Distribution(
            device,
            float(ms.mean()),
            float(ms.min()),
            float(np.median(ms)),
            float(ms.max()),
            float(uj.mean()),
            float(np.median(uj)),
            streaming,
        )


def fastest(sweep: Sweep) -> Array:
    """The column of the fastest device for each of (cells,), the first of equals: (cells,)."""
    return sweep.ms.argmin(axis=1)


def by_size(sweep: Sweep) -> Iterator[Bin]:
    """Bins of EDGES that have cells."""
    size, work, first = parameters(sweep.cells), macs(sweep.cells), fastest(sweep)
    for begin, end in pairwise(EDGES):
        own = (size >= begin) & (size < end)
        if not own.any():
            continue
        ms = sweep.ms[own]
        wins = np.bincount(first[own], minlength=len(sweep.devices)) / own.sum()
        rates = work[own].sum() / ms.sum(axis=0) / 1e6
        figures = ms.mean(axis=0), wins, (sweep.streamed_bytes[own] > 0).mean(axis=0), rates
        yield Bin(begin, end, int(own.sum()), *(tuple(map(float, figure)) for figure in figures))


def structures(sweep: Sweep) -> dict[str, Array]:
    """Numbers by which cells are alike, by name: (cells,) each."""
    counts = mix(sweep.cells)
    named = {f"{name} vertices": counts[:, column] for column, name in enumerate(OPERATIONS)}
    return {"depth": depth(sweep.cells), "width": width(sweep.cells), **named}


def groups(sweep: Sweep, values: Array) -> Iterator[Group]:
    """Of (cells,) values, one for each that there is."""
    work = macs(sweep.cells)
    for value in np.unique(values).tolist():
        own = values == value
        ms, uj = (tuple(array[own].mean(axis=0).tolist()) for array in (sweep.ms, sweep.uj))
        yield Group(value, int(own.sum()), ms, uj, float(work[own].mean()))


def correlations(sweep: Sweep) -> dict[str, tuple[float, ...]]:
    """Spearman's rank correlation of ms on each device with sizes and structures, by name."""
    against = {"parameters": parameters(sweep.cells), "MACs": macs(sweep.cells), **structures(sweep)}
    return {name: tuple(spearman(values, ms) for ms in sweep.ms.T) for name, values in against.items()}
