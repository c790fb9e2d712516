"""linocut log --dynamics: where the layers of runs stand, as tables, JSON and pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linocut.errors import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from linocut.dynamics.diagram import PhaseDiagram
    from linocut.dynamics.history import History
    from linocut.graph.graph import Graph
    from linocut.train.settings import Settings

UNITS, STEPS = 200, 60  # of the phase diagram behind a run's path
PARTS = 64  # of an epoch, at which a schedule is looked at
BETAS = [0.04 * step for step in range(1, 64)]  # 1 / J, to 2.5


def show_dynamics(runs: Sequence[Path], plot: Path | None, as_json: bool) -> None:
    """Print the dynamics of runs, or draw them into a file; RunError for a run without."""
    from linocut.report.dynamics_table import dynamics_table
    from linocut.train.logged_dynamics import read_dynamics

    found = {run: read_dynamics(run) for run in runs}
    if as_json:
        for run, history in found.items():
            _tell(run, history)
    elif plot is None:
        click.echo("\n\n".join("\n".join([one_line(run), *dynamics_table(one)]) for run, one in found.items()))
    if plot is not None:
        _draw(found, plot)
        click.echo(f"wrote {one_line(plot)}", err=True)


def _tell(run: Path, history: History) -> None:
    """A line for each epoch."""
    for at, epoch in enumerate(history.epochs):
        layers = [dataclasses.asdict(measured[at]) for measured in history.layers.values()]
        click.echo(json.dumps({"run": str(run), "epoch": epoch, "dynamics": layers}))


def _draw(found: Mapping[Path, History], plot: Path) -> None:
    """Beside the phase diagram of random networks, where the runs are of one activation that has one."""
    from linocut.report.dynamics_plot import Traced
    from linocut.report.dynamics_plot import plot as draw
    from linocut.train.run_folder import RunFolder

    traced, kinds = [], set()
    for run, history in found.items():
        checkpoint = RunFolder(run).read()[0]
        behind = _activations(checkpoint.settings.network.graph)
        time = _rescaled(checkpoint.settings, checkpoint.progress.epochs, history)
        traced.append(Traced(run.name or str(run), history, time, frozenset(behind)))
        kinds |= set(behind.values())
    draw(traced, _diagram(kinds.pop()) if len(kinds) == 1 else None, plot)


def _activations(graph: Graph) -> dict[str, str]:
    """Of the layers in full precision the activation behind each, where that has an edge of chaos."""
    from linocut.dynamics.edges import ACTIVATIONS
    from linocut.dynamics.weights import weight_parameters
    from linocut.graph.queries import activation_behind

    behind = {one.node: activation_behind(graph, one.node) for one in weight_parameters(graph) if not one.binary}
    return {node: kind for node, kind in behind.items() if kind in ACTIVATIONS}


def _rescaled(settings: Settings, epochs: int, history: History) -> NDArray[np.float64] | None:
    """Time by epoch, each worth the mean of its learning rates; None without momentum, and of schedules by the loss."""
    import numpy as np

    from linocut.dynamics import rescaled
    from linocut.schedules import Position, State

    optimizer, schedule = settings.optimizer.to_dict(), settings.schedule
    if "momentum" not in optimizer or schedule.observes:
        return None
    last = max(epochs, history.epochs[-1])
    places = [
        [Position(epoch * PARTS + part, last * PARTS, epoch, last) for part in range(PARTS)] for epoch in range(last)
    ]
    worth = [sum(schedule.factor(place, State()) for place in epoch) / PARTS for epoch in places]
    time = np.concatenate([[0.0], np.cumsum(worth)])[history.epochs]
    scale = rescaled(optimizer["learning_rate"], optimizer["momentum"], settings.batch_size)
    return np.asarray(scale * time, np.float64)


def _diagram(activation: str) -> PhaseDiagram:
    """The phase diagram of random networks, with a bar in a terminal."""
    from tqdm import tqdm

    from linocut.dynamics import phase_diagram

    with tqdm(desc="phase diagram", unit=" columns", leave=False, disable=None) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        return phase_diagram(activation, n=UNITS, steps=STEPS, beta=BETAS, progress=told)
