"""What the layers of runs went through: paths in the phase diagram, J^2, turnover, gain of gradients, shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linocut.dynamics.diagram import PhaseDiagram
from linocut.dynamics.history import History
from linocut.errors import one_line
from linocut.report import figures, phase_plot

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 24  # characters of a run's name
COLUMNS = 3
J_SQUARED = "J^2"
TITLES = {
    "turnover": "turnover, share of weights a step",
    "chi": "gain of gradients",
    "passed": "share passed",
    "clipped": "share clipped",
}


@dataclass(frozen=True)
class Traced:
    """A run by name, and what it went through.

    `rescaled` is time by epoch of the history, epochs times eta / ((1 - alpha) B) where that is constant (None: not
    known); `placed` are the layers that the activation of the phase diagram is behind, which have a place in it.
    """

    name: str
    history: History
    rescaled: NDArray[np.float64] | None
    placed: frozenset[str] = frozenset()


def plot(runs: Sequence[Traced], diagram: PhaseDiagram | None, path: Path) -> None:
    """Draw them into a file, by layer, with the phase diagram where there is one; errors as plan_plot.plot's."""
    panels = list(_panels(runs, diagram))
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = figures.module("matplotlib.figure").Figure(figsize=(5.2 * columns, 4 * rows), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False).reshape(-1)
    for axes, draw in zip(places, panels, strict=False):
        draw(figure, axes)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    figures.save(figure, path)


def _panels(runs: Sequence[Traced], diagram: PhaseDiagram | None) -> Iterator[Callable[[Any, Any], None]]:
    """What draws each panel into axes of a figure: of what was measured."""
    every = _all(runs)
    if diagram is not None:
        paths = {
            label: (one.history.values(layer, "j"), one.history.values(layer, "j0"))
            for label, one, layer in every
            if layer in one.placed
        }
        yield lambda figure, axes: phase_plot.draw(figure, axes, diagram, paths)
    yield lambda _, axes: _curves(axes, runs, "j", J_SQUARED, power=2)
    if all(one.rescaled is not None for one in runs):
        yield lambda _, axes: _curves(axes, runs, "j", J_SQUARED, power=2, rescaled=True)
    for measure, title in TITLES.items():
        if any(np.isfinite(one.history.values(layer, measure)).any() for _, one, layer in every):
            yield partial(_measured, runs, measure, title)


def _measured(runs: Sequence[Traced], measure: str, title: str, _: Any, axes: Any) -> None:
    _curves(axes, runs, measure, title)


def _all(runs: Sequence[Traced]) -> list[tuple[str, Traced, str]]:
    """A label, the run and the layer, of every layer of all runs."""
    several = len(runs) > 1
    return [
        (f"{one_line(one.name, LONGEST)}: {layer}" if several else layer, one, layer)
        for one in runs
        for layer in one.history.layers
    ]


def _curves(
    axes: Any, runs: Sequence[Traced], measure: str, title: str, power: int = 1, rescaled: bool = False
) -> None:
    """A line for each layer of each run, by epoch or rescaled time."""
    for number, (label, one, layer) in enumerate(_all(runs)):
        values = one.history.values(layer, measure) ** power
        known = np.isfinite(values)
        scaled = one.rescaled if rescaled else None
        t = np.array(one.history.epochs, np.float64) if scaled is None else scaled
        if known.any():
            axes.plot(t[known], values[known], ".-", markersize=3, linewidth=0.8, color=f"C{number % 10}", label=label)
    axes.set(xlabel="epoch x learning rate / ((1 - momentum) batch)" if rescaled else "epoch", ylabel=title)
    if not rescaled:
        axes.xaxis.set_major_locator(figures.module("matplotlib.ticker").MaxNLocator(integer=True, min_n_ticks=1))
    if measure == "turnover":
        axes.set_yscale("log")
    axes.grid(True, linewidth=0.3)
    for text in axes.legend(frameon=False, fontsize=7).get_texts():
        text.set_parse_math(False)
