"""A phase diagram: distances over J0 / J and 1 / J, the edge of chaos, and the paths of networks that trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.dynamics.diagram import PhaseDiagram
from linocut.report import figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Path2D = tuple[NDArray[np.float64], NDArray[np.float64]]  # J and J0 by epoch

NEAR = 1e-6  # distances below are drawn as this


def plot(diagram: PhaseDiagram, paths: Mapping[str, Path2D], path: Path) -> None:
    """Draw it into a file; `paths` are J (epochs,) and J0 (epochs,) by name. Errors as plan_plot.plot's."""
    figure = figures.module("matplotlib.figure").Figure(figsize=(7, 5), layout="constrained")
    draw(figure, figure.subplots(), diagram, paths)
    figures.save(figure, path)


def draw(figure: Any, axes: Any, diagram: PhaseDiagram, paths: Mapping[str, Path2D]) -> None:
    """Draw it into axes of a figure."""
    distance = np.clip(np.where(np.isfinite(diagram.distance), diagram.distance, np.nan), NEAR, None)
    colours = figures.module("matplotlib").colormaps["Greys"].with_extremes(bad="black")  # what ran away
    shown = axes.pcolormesh(diagram.ratio, diagram.beta, np.log10(distance), cmap=colours, shading="nearest")
    figure.colorbar(shown, ax=axes, label="distance of nearby inputs, power of ten")
    axes.plot(*diagram.edge(), color="C3", linewidth=1, label=f"edge of chaos, {diagram.activation}")
    low, high = axes.get_xlim(), axes.get_ylim()
    inside = [(j0[j > 0] / j[j > 0], 1.0 / j[j > 0]) for j, j0 in paths.values()]  # J of equal weights is 0
    for number, (name, (x, y)) in enumerate(zip(paths, inside, strict=True)):
        axes.plot(x, y, ".-", markersize=3, linewidth=0.8, color=f"C{number % 10}", label=name)
        axes.plot(x[-1:], y[-1:], "o", markersize=5, color=f"C{number % 10}")
    axes.set(
        xlabel="J0 / J",
        ylabel="1 / J",
        xlim=_wide(low, [x for x, _ in inside]),
        ylim=_wide(high, [y for _, y in inside]),
    )
    for text in axes.legend(fontsize=7).get_texts():
        text.set_parse_math(False)


def _wide(limits: tuple[float, float], values: list[NDArray[np.float64]]) -> tuple[float, float]:
    """Limits that hold all values too."""
    every = np.concatenate([np.array(limits), *values])
    return float(every.min()), float(every.max())
