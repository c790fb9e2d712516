"""Pictures of hybrid networks: components by layer, choices that nothing beats, accuracy and energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linocut.devices.hybrid_energy import LayerEnergy
from linocut.hybrid.analysis import Analysis
from linocut.hybrid.choosing import Chosen
from linocut.report import figures
from linocut.report.hybrid_table import Compared

MOST_PANELS = 6  # stages
SMALL = 7  # points of a font


def analysis_plot(found: Analysis, path: Path) -> None:
    """Draw what components explain, a panel a stage, and counts by layer with the significant ones marked.

    A stage is layers of equally many channels. Errors as plan_plot.plot's.
    """
    stages = _stages(found)
    figure = figures.module("matplotlib.figure").Figure(figsize=(3.2 * max(3, len(stages)), 7), layout="constrained")
    above, below = figure.subfigures(2, 1)
    for axes, names in zip(above.subplots(1, len(stages), squeeze=False, sharey=True)[0], stages, strict=True):
        for name in names:
            layer = found.layer(name)
            axes.plot(range(1, layer.channels + 1), layer.explained, linewidth=1, label=name)
        axes.axhline(found.threshold, color="0.5", linewidth=0.6, linestyle=":")
        axes.set(xlabel="principal components")
        axes.set_title(f"{found.layer(names[0]).channels} channels", fontsize=9)
        axes.legend(frameon=False, fontsize=6, ncols=2)
    above.axes[0].set(ylabel="part of the variance that they explain")
    axes = below.subplots()
    colours = ["C3" if layer.significant else "0.75" for layer in found.layers]
    places = range(len(found.layers))
    axes.bar(places, [layer.count for layer in found.layers], color=colours)
    axes.set(ylabel=f"components that explain up to {found.threshold:.3g}")
    axes.set_xticks(places, [layer.name for layer in found.layers], rotation=60, ha="right", fontsize=SMALL)
    axes.set_title(f"{found.model}: significant layers in red, by a rise of {found.rise}", fontsize=9)
    figures.save(figure, path)


def _stages(found: Analysis) -> list[list[str]]:
    """Names of layers that stand together and have equally many channels; the last panel has all that is too much."""
    stages: list[list[str]] = []
    for layer in found.layers:
        alike = stages and found.layer(stages[-1][0]).channels == layer.channels
        if alike or len(stages) == MOST_PANELS:
            stages[-1].append(layer.name)
        else:
            stages.append([layer.name])
    return stages


def hybrid_plot(chosen: Chosen, compared: Sequence[Compared], energy: Mapping[str, LayerEnergy], path: Path) -> None:
    """Draw the choices that nothing beats, networks by compression and energy, and the energy of each layer.

    Accuracies are of networks where they are known. Errors as plan_plot.plot's.
    """
    figure = figures.module("matplotlib.figure").Figure(figsize=(12, 7), layout="constrained")
    above, below = figure.subfigures(2, 1)
    front, compression, energies = above.subplots(1, 3)
    _front(front, chosen)
    full = compared[-1]
    _accuracies(
        compression, compared, [full.weight_bits / one.weight_bits for one in compared], "compression of weights, times"
    )
    _accuracies(energies, compared, [one.uj for one in compared], "energy of a prediction, uJ")
    axes = below.subplots()
    places, memory = range(len(energy)), [layer.memory_pj / 1e6 for layer in energy.values()]
    axes.bar(places, memory, label="accesses to memory")
    axes.bar(places, [layer.mac_pj / 1e6 for layer in energy.values()], bottom=memory, label="multiply-accumulates")
    axes.set_xticks(places, list(energy), rotation=60, ha="right", fontsize=SMALL)
    axes.set(ylabel="energy of a prediction, uJ")
    axes.legend(frameon=False, fontsize=8)
    figures.save(figure, path)


def _front(axes: Any, chosen: Chosen) -> None:
    scale, unit = {"bytes": (1024, "KiB"), "energy": (1e6, "uJ"), "time": (1e6, "ms")}[chosen.budget.unit]
    costs = [point.cost / scale for point in chosen.front]
    axes.step(costs, [point.gain for point in chosen.front], where="post", linewidth=1)
    axes.plot([chosen.point.cost / scale], [chosen.point.gain], "o", color="C3", label="chosen")
    axes.axvline(chosen.budget.limit / scale, color="0.5", linewidth=0.6, linestyle=":", label="budget")
    axes.set(xlabel=f"cost, {unit}", ylabel=f"gain, by {chosen.by}")
    axes.legend(frameon=False, fontsize=8)


def _accuracies(axes: Any, compared: Sequence[Compared], places: Sequence[float], label: str) -> None:
    """Networks whose accuracy is known as dots; of others a line says where they lie."""
    for number, (one, place) in enumerate(zip(compared, places, strict=True)):
        if one.accuracy is None:
            axes.axvline(place, color=f"C{number}", linewidth=0.8, linestyle=":", label=one.name)
        else:
            axes.plot([place], [100 * one.accuracy], "o", color=f"C{number}", label=one.name)
    axes.set(xlabel=label, ylabel="test accuracy, %", xscale="log")
    axes.legend(frameon=False, fontsize=8)
