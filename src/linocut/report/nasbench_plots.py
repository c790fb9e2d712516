"""Pictures of a sweep over NASBench-101, a file each, with what an analytic model found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from linocut.devices.findings import by_size, groups, structures
from linocut.devices.pareto import pareto
from linocut.devices.sweep import Sweep
from linocut.errors import SpecError
from linocut.files import check_new, make_folder
from linocut.networks.nasbench import macs, parameters
from linocut.report import figures

DPI = 80
SAMPLE = 12_000  # cells that a cloud of points shows
SEED = 0
MARGIN = 1.01  # by which factor bins go beyond what is in them


def check(folder: Path, force: bool) -> None:
    """SpecError where matplotlib is not installed, and where pictures cannot go, before long work.

    They replace others with `force` alone.
    """
    figures.module("matplotlib.figure")
    if os.path.lexists(folder) and not folder.is_dir():
        raise SpecError(f"{folder} is there, and no folder for pictures; move it away, or give another --out")
    for path in paths(folder).values():
        check_new(path, force)


def draw(sweep: Sweep, folder: Path) -> Iterator[Path]:
    """Draw all pictures into a folder, which is made; yields their paths. Errors as plan_plot.plot's.

    None is written before all are drawn.
    """
    drawn = {path: figures.rendered(_told(PICTURES[name](sweep), sweep), path) for name, path in paths(folder).items()}
    make_folder(folder)
    for path, picture in drawn.items():
        figures.write(picture, path)
        yield path


def _told(figure: Any, sweep: Sweep) -> Any:
    """A figure that says what its numbers are."""
    figure.supxlabel(sweep.about, fontsize=6, color="0.4", parse_math=False, wrap=True)
    return figure


def paths(folder: Path) -> dict[str, Path]:
    """Where each picture is in a folder."""
    return {name: folder / f"nasbench-{name}.png" for name in PICTURES}


def _axes(columns: int, height: float = 3.4) -> tuple[Any, list[Any]]:
    figure = figures.module("matplotlib.figure").Figure(
        figsize=(max(6.5, 4 * columns), height), layout="constrained", dpi=DPI
    )
    return figure, list(np.atleast_1d(figure.subplots(1, columns)))


def _distributions(sweep: Sweep) -> Any:
    figure, axes = _axes(2)
    for part, values, unit in zip(axes, (sweep.ms, sweep.uj), ("ms", "uJ"), strict=True):
        known = values[values > 0]  # a device may have no energies
        bins = np.geomspace(known.min() / MARGIN, known.max() * MARGIN, 80) if len(known) else [1.0, 2.0]
        for column, name in enumerate(sweep.devices):
            part.hist(values[:, column], bins, histtype="step", label=name)
        part.set(xscale="log", xlabel=f"{unit} an image", ylabel="cells")
        part.legend(frameon=False, fontsize=8)
    return figure


def _sizes(sweep: Sweep) -> Any:
    figure, axes = _axes(len(sweep.devices))
    some = np.random.default_rng(SEED).permutation(len(sweep.cells))[:SAMPLE]
    size = parameters(sweep.cells)[some] / 1e6
    streamed = sweep.streamed_bytes[some] / 2**20
    for column, (part, name) in enumerate(zip(axes, sweep.devices, strict=True)):
        colours = {"c": streamed[:, column], "vmin": 0, "vmax": max(1e-3, streamed.max()), "cmap": "viridis"}
        points = part.scatter(size, sweep.ms[some, column], s=2, **colours)
        part.set(xscale="log", yscale="log", xlabel="parameters, M", ylabel="ms", title=name)
        part.set_ylim(0.9 * sweep.ms.min(), 1.1 * sweep.ms.max())
    figure.colorbar(points, ax=axes, label="streamed weights, MiB")
    return figure


def _fastest(sweep: Sweep) -> Any:
    figure, axes = _axes(2)
    found = list(by_size(sweep))
    names = [f"{one.begin / 1e6:g}-{one.end / 1e6:g}" for one in found]
    below = np.zeros(len(found))
    for column, name in enumerate(sweep.devices):
        wins = np.array([one.fastest[column] for one in found])
        axes[0].bar(names, 100 * wins, bottom=100 * below, label=name)
        below += wins
        axes[1].plot(names, [100 * one.streaming[column] for one in found], "o-", label=name)
    axes[0].set(xlabel="parameters, M", ylabel="fastest on so many cells, %")
    axes[1].set(xlabel="parameters, M", ylabel="cells that stream weights, %")
    for part in axes:
        part.tick_params(axis="x", labelsize=7)
        part.legend(frameon=False, fontsize=8)
    return figure


def _structure(sweep: Sweep) -> Any:
    named = {name: values for name, values in structures(sweep).items() if name != "conv1x1 vertices"}
    figure, axes = _axes(len(named), 3.0)
    for part, (name, values) in zip(axes, named.items(), strict=True):
        found = list(groups(sweep, values))
        for column, device in enumerate(sweep.devices):
            part.plot([one.value for one in found], [one.ms[column] for one in found], "o-", label=device)
        part.set(xlabel=name, ylabel="mean ms", ylim=(0, None))
    axes[0].legend(frameon=False, fontsize=8)
    return figure


def _fronts(sweep: Sweep) -> Any:
    """Cells that nothing beats in time and MACs, by device: what they do, and the energy that they take."""
    figure, axes = _axes(2)
    work = macs(sweep.cells)
    for column, name in enumerate(sweep.devices):
        ms, uj = sweep.ms[:, column], sweep.uj[:, column]
        front = pareto(ms, work)
        axes[0].plot(ms[front], work[front] / 1e9, ".-", markersize=3, linewidth=0.8, label=name)
        axes[1].plot(ms[front], np.where(uj > 0, uj, np.nan)[front], ".-", markersize=3, linewidth=0.8, label=name)
    axes[0].set(xscale="log", yscale="log", xlabel="ms", ylabel="GMACs", title="no cell does more in less time")
    axes[1].set(xscale="log", xlabel="ms", ylabel="uJ", title="the energy of these cells")
    if (sweep.uj > 0).any():
        axes[1].set_yscale("log")
    for part in axes:
        part.grid(True, which="both", linewidth=0.3)
        part.legend(frameon=False, fontsize=8)
    return figure


PICTURES: dict[str, Callable[[Sweep], Any]] = {
    "distributions": _distributions,
    "sizes": _sizes,
    "fastest": _fastest,
    "structure": _structure,
    "fronts": _fronts,
}
